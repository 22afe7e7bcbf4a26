"""Issued tokens for operators: what happened to each, and the way to void one."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from issuer import services
from issuer.models import Token, TokenEvent
from issuer.states import TokenState
from messaging.admin_readonly import ReadOnlyAdmin, ReadOnlyInline, search_link


class TokenEventInline(ReadOnlyInline):
    model = TokenEvent
    ordering = ("at",)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    list_display = ("id", "schema", "domain", "state", "status", "broker", "created_at")
    list_filter = ("state", "status", "domain", "schema")
    search_fields = ("=id", "=chat", "=run", "schema")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (TokenEventInline,)
    actions = ("revoke",)
    readonly_fields = ("offered_by", "handlers")

    @admin.display(description="offered by")
    def offered_by(self, token: Token) -> SafeString:
        return search_link("scripts_run", token.run, "the run that waits for the answer")

    @admin.display(description="handled by")
    def handlers(self, token: Token) -> SafeString:
        return search_link("scripts_run", token.pk, "the runs this token started")

    @admin.action(description="Revoke (cannot be undone)", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Void the accepted ones among the selected; the others are left alone."""
        accepted = queryset.filter(state=TokenState.ACCEPTED)
        for token in accepted:
            services.revoke_token(str(token.pk), origin=f"operator:{request.user}")
        self.message_user(request, f"{len(accepted)} tokens revoked", messages.SUCCESS)


@admin.register(TokenEvent)
class TokenEventAdmin(ReadOnlyAdmin):
    list_display = ("token", "kind", "value", "origin", "at")
    list_filter = ("kind", "value")
    search_fields = ("=token__id",)
    list_select_related = ("token",)
    ordering = ("-at",)
