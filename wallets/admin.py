"""Registrations and what waits for wallets, for notifier operators."""

from __future__ import annotations

from django.contrib import admin

from operators.pages import DomainAdmin, ReadOnlyAdmin
from wallets.models import Notification, NotifierBroker, Registration, Subscription


@admin.register(NotifierBroker)
class NotifierBrokerAdmin(DomainAdmin):
    domain_path = "domain"
    list_display = ("domain", "broker")
    search_fields = ("domain", "broker")


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("wallet", "domain", "broker", "language", "created_at")
    list_filter = ("domain", "broker")
    search_fields = ("=wallet",)
    ordering = ("-created_at",)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    domain_path = "registration__domain"
    list_display = ("subject", "registration", "created_at", "acknowledged_at")
    list_filter = ("subject",)
    search_fields = ("=registration__wallet", "=correlation")
    list_select_related = ("registration",)
    ordering = ("-created_at",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    domain_path = "registration__domain"
    list_display = ("registration", "created_at", "pushed_at", "failures")
    search_fields = ("=registration__wallet",)
    list_select_related = ("registration",)
    ordering = ("-created_at",)
