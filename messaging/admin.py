"""The operators' door: read everything, send dead messages again, pin peers' keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging import keys, outbox
from messaging.admin_readonly import ReadOnlyAdmin
from messaging.models import (
    DomainKey,
    HostedDomain,
    InboxMessage,
    OutboxMessage,
    PeerKey,
    Refusal,
)
from messaging.signing import PublicKey
from messaging.syntax import is_domain, is_selector


@admin.register(HostedDomain)
class HostedDomainAdmin(ReadOnlyAdmin):
    list_display = ("name", "title", "created_at")
    search_fields = ("name", "title")
    ordering = ("name",)


@admin.register(DomainKey)
class DomainKeyAdmin(ReadOnlyAdmin):
    # An allow list: the private key is in no view, sealed or not.
    fields = ("id", "domain", "selector", "public_key", "is_current", "created_at")
    list_display = ("domain", "selector", "public_key", "is_current", "created_at")
    list_select_related = ("domain",)
    list_filter = ("is_current",)
    search_fields = ("domain__name", "public_key")
    ordering = ("domain", "-created_at")


class PinForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator says about a peer's key."""

    class Meta:
        model = PeerKey
        fields = ("domain", "selector", "public_key")

    public_key = forms.CharField(widget=forms.Textarea, help_text="Base64 or PEM, Ed25519")

    def clean_domain(self) -> str:
        return _checked(self.cleaned_data["domain"], is_domain, "This is no domain name.")

    def clean_selector(self) -> str:
        return _checked(self.cleaned_data["selector"], is_selector, "This is no selector.")

    def clean_public_key(self) -> str:
        try:
            return PublicKey.from_text(self.cleaned_data["public_key"]).spki
        except ValueError as error:
            raise forms.ValidationError("This is no Ed25519 public key.") from error

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
        messages.info(request, f"{freed} of {queryset.count()} were dead and will be sent again.")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_outboxmessage")


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ("day", "reason", "count")
    list_filter = ("reason",)
    date_hierarchy = "day"
    ordering = ("-day", "reason")
