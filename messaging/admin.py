"""The operators' door: read everything, send dead messages again, pin peers' keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging import breaker, key_life, keys, outbox
from messaging.admin_readonly import ReadOnlyAdmin
from messaging.errors import MessagingError
from messaging.models import (
    Destination,
    DomainKey,
    HostedDomain,
    InboxMessage,
    KeyLookup,
    OutboxMessage,
    PeerKey,
    Refusal,
    Untold,
)
from messaging.signing import read_key
from messaging.states import KeyState
from messaging.syntax import is_domain, is_selector


@admin.register(HostedDomain)
class HostedDomainAdmin(ReadOnlyAdmin):
    list_display = ("name", "title", "created_at")
    search_fields = ("name", "title")
    ordering = ("name",)
    actions = ("make_next_key",)

    @admin.action(description="Make the next key (publish it, then rotate)", permissions=["rotate"])
    def make_next_key(self, request: HttpRequest, queryset: QuerySet[HostedDomain]) -> None:
        for domain in queryset:
            _do(self, request, _next_made, domain.name)

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_domainkey")


def _do(page: ReadOnlyAdmin, request: HttpRequest, work: Callable[..., str], *names: str) -> None:
    """Do it and say so, or say why not."""
    try:
        page.message_user(request, work(*names))
    except MessagingError as error:
        page.message_user(request, str(error), messages.ERROR)


@admin.register(DomainKey)
class DomainKeyAdmin(ReadOnlyAdmin):
    # An allow list: the private key is in no view, sealed or not.
    fields = ("id", "domain", "selector", "public_key", "state", "created_at", "changed_at")
    list_display = ("domain", "selector", "state", "public_key", "changed_at", "created_at")
    list_select_related = ("domain",)
    list_filter = ("state",)
    search_fields = ("domain__name", "public_key")
    ordering = ("domain", "-created_at")
    actions = ("rotate", "retire", "compromise")

    @admin.action(description="Sign with this NEXT key from now on", permissions=["rotate"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[DomainKey]) -> None:
        for key in queryset:
            if key.state != KeyState.NEXT:
                self.message_user(request, f"{key} is not a NEXT key.", messages.ERROR)
                continue
            _do(self, request, _rotated, key.domain_id)

    @admin.action(description="Retire: destroy the private half", permissions=["rotate"])
    def retire(self, request: HttpRequest, queryset: QuerySet[DomainKey]) -> None:
        for key in queryset:
            _do(self, request, _retired, key.domain_id, key.selector)

    @admin.action(description="COMPROMISED: refuse all it has signed", permissions=["rotate"])
    def compromise(self, request: HttpRequest, queryset: QuerySet[DomainKey]) -> None:
        for key in queryset:
            _do(self, request, _compromised, key.domain_id, key.selector)

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_domainkey")


def _next_made(name: str) -> str:
    return f"{key_life.create_next(name)} is made: publish what `domain dns {name}` prints, rotate."


def _rotated(name: str) -> str:
    following, before = key_life.rotate(name)
    return f"{following} signs now; {before} still verifies: leave it in DNS."


def _retired(name: str, selector: str) -> str:
    return f"{key_life.retire(name, selector)} is retired: its private half is gone."


def _compromised(name: str, selector: str) -> str:
    key, current = key_life.compromise(name, selector)
    return f"{key} is refused from now on; {current} signs: publish `domain dns {name}`."


class PinForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator says about a peer's key."""

    class Meta:
        model = PeerKey
        fields = ("domain", "selector", "public_key")

    public_key = forms.CharField(widget=forms.Textarea, help_text="Base64, or PEM of Ed25519")

    def clean_domain(self) -> str:
        return _checked(self.cleaned_data["domain"], is_domain, "This is no domain name.")

    def clean_selector(self) -> str:
        return _checked(self.cleaned_data["selector"], is_selector, "This is no selector.")

    def clean_public_key(self) -> str:
        try:
            return read_key(self.cleaned_data["public_key"]).spki
        except ValueError as error:
            raise forms.ValidationError("This is no Ed25519 or RSA public key.") from error

    def clean(self) -> dict[str, Any]:
        """Take over the row of a key that is there already: the operator's word is above DNS."""
        names = {name: self.cleaned_data.get(name) for name in ("domain", "selector")}
        self.instance = PeerKey.objects.filter(**names).first() or self.instance
        return self.cleaned_data


def _checked(value: str, is_valid: Any, complaint: str) -> str:
    if not is_valid(value):
        raise forms.ValidationError(complaint)
    return value.lower()


@admin.register(PeerKey)
class PeerKeyAdmin(ReadOnlyAdmin):
    form = PinForm
    list_display = ("domain", "selector", "public_key", "source", "expires_at", "created_at")
    list_filter = ("source",)
    search_fields = ("domain", "public_key")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: PeerKey, form: Any, change: bool) -> None:
        pinned = keys.pin_key(obj.domain, obj.selector, obj.public_key)
        obj.pk = pinned.pk


@admin.register(KeyLookup)
class KeyLookupAdmin(ReadOnlyAdmin):
    list_display = ("domain", "selector", "outcome", "until", "detail")
    list_filter = ("outcome",)
    search_fields = ("domain", "detail")
    ordering = ("-until",)


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "subject", "sender", "recipient", "state", "response_status")
    list_filter = ("state", "mode", "received_at")
    search_fields = ("=id", "=correlation", "subject", "sender", "recipient")
    date_hierarchy = "received_at"
    ordering = ("-received_at",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "subject", "sender", "recipient", "state", "attempts", "due_at")
    list_filter = ("state", "created_at")
    search_fields = ("=id", "=correlation", "=origin", "subject", "sender", "recipient")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    actions = ("send_again",)

    @admin.action(description="Send dead messages again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        freed = sum(outbox.resend(pk) for pk in queryset.values_list("pk", flat=True))
        total = queryset.count()
        messages.info(
            request,
            f"{freed} of {total} will be sent again; the others are not dead, or over.",
        )

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_outboxmessage")


@admin.register(Untold)
class UntoldAdmin(ReadOnlyAdmin):
    list_display = ("since", "message", "listens", "attempts", "due_at", "error")
    list_filter = ("listens",)
    list_select_related = ("message",)
    search_fields = ("=message__id", "message__subject", "error")
    ordering = ("-since",)
    actions = ("tell_again",)

    @admin.action(description="Tell them again", permissions=["retell"])
    def tell_again(self, request: HttpRequest, queryset: QuerySet[Untold]) -> None:
        total = queryset.count()
        freed = sum(outbox.retell(pk) for pk in queryset.values_list("pk", flat=True))
        messages.info(request, f"{freed} of {total} will be told again.")

    def has_retell_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_untold")


@admin.register(Destination)
class DestinationAdmin(ReadOnlyAdmin):
    list_display = ("domain", "state", "failures", "until", "changed_at", "last_error")
    list_filter = ("state",)
    search_fields = ("domain", "last_error")
    ordering = ("-changed_at",)
    actions = ("probe",)

    @admin.action(description="Try it now", permissions=["resend"])
    def probe(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        tried = sum(breaker.probe_now(domain.pk) for domain in queryset)
        self.message_user(request, f"{tried} of {queryset.count()} were down and are tried now.")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_outboxmessage")


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ("day", "reason", "count")
    list_filter = ("reason",)
    date_hierarchy = "day"
    ordering = ("-day", "reason")
