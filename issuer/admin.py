"""Issued tokens for operators: what happened to each, and the way to void one."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from issuer import services
from issuer.models import Token, TokenEvent
from issuer.states import TokenState, TokenStatus
from operators.pages import ReadOnlyAdmin, ReadOnlyInline, search_link
from operators.verbs import Doer, Verb
from scripts.language.errors import ScriptError


def _revoke(token: Token, doer: Doer) -> str:
    services.revoke_token(str(token.pk), origin=f"operator:{doer.by}"[:300])
    return "revoked"


def _not_revocable(token: Token) -> str:
    if token.state != TokenState.ACCEPTED:
        return f"it is {token.state}; only an accepted token can be revoked"
    return "it is revoked already" if token.status == TokenStatus.REVOKED else ""


REVOKE = Verb(
    name="revoke",
    permission="issuer.revoke_token",
    label="Revoke for good",
    effect=(
        "It is void from now on, here and in the wallet. This cannot be undone.",
        "They are void from now on, here and in the wallets. This cannot be undone.",
    ),
    done=("is revoked", "are revoked"),
    does=_revoke,
    left=_not_revocable,
    refusals=(ScriptError,),
)


class TokenEventInline(ReadOnlyInline):
    model = TokenEvent
    ordering = ("at",)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("id", "schema", "domain", "state", "status", "broker", "created_at")
    list_filter = ("state", "status", "domain", "schema")
    search_fields = ("=id", "=chat", "=run", "schema")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (TokenEventInline,)
    verbs = (REVOKE,)
    readonly_fields = ("offered_by", "handlers")

    @admin.display(description="offered by")
    def offered_by(self, token: Token) -> SafeString:
        return search_link("scripts_run", token.run, "the run that waits for the answer")

    @admin.display(description="handled by")
    def handlers(self, token: Token) -> SafeString:
        return search_link("scripts_run", token.pk, "the runs this token started")


@admin.register(TokenEvent)
class TokenEventAdmin(ReadOnlyAdmin):
    domain_path = "token__domain"
    list_display = ("token", "kind", "value", "origin", "note", "at")
    list_filter = ("kind", "value")
    search_fields = ("=token__id",)
    list_select_related = ("token",)
    ordering = ("-at",)
