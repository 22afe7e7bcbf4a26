"""Wallets, chats and offers for broker operators."""

from __future__ import annotations

from django.contrib import admin

from broker.models import Chat, Intent, Notifier, Token, TokenEvent, Wallet
from operators.pages import DomainAdmin, ReadOnlyAdmin, ReadOnlyInline


@admin.register(Notifier)
class NotifierAdmin(DomainAdmin):
    domain_path = "domain"
    list_display = ("name", "domain", "state")
    list_filter = ("state", "domain")
    search_fields = ("name",)


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("id", "domain", "notifier", "language", "created_at")
    list_filter = ("domain", "notifier")
    search_fields = ("=id",)


class IntentInline(ReadOnlyInline):
    model = Intent
    ordering = ("created_at",)


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("id", "host", "key", "state", "wallet", "created_at")
    list_filter = ("state", "domain", "host")
    search_fields = ("=id", "=wallet__id", "host")
    list_select_related = ("wallet",)
    ordering = ("-created_at",)
    inlines = (IntentInline,)


@admin.register(Intent)
class IntentAdmin(ReadOnlyAdmin):
    domain_path = "chat__domain"
    list_display = ("prompt", "sender", "format", "chat", "expires")
    list_filter = ("format", "sender")
    search_fields = ("=prompt", "=chat__id")
    list_select_related = ("chat",)


class TokenEventInline(ReadOnlyInline):
    model = TokenEvent
    ordering = ("at",)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("token", "issuer", "title", "state", "status", "until")
    list_filter = ("state", "status", "domain", "issuer")
    search_fields = ("=token", "=id", "=wallet__id", "title")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (TokenEventInline,)


@admin.register(TokenEvent)
class TokenEventAdmin(ReadOnlyAdmin):
    domain_path = "token__domain"
    list_display = ("token", "kind", "value", "origin", "at")
    list_filter = ("kind", "value")
    search_fields = ("=token__token",)
    list_select_related = ("token",)
    ordering = ("-at",)
