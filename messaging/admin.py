"""The operators' door: read everything, send dead messages again, pin peers' keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from messaging import keys
from messaging.key_verbs import COMPROMISE, MAKE_NEXT, PROBE, RETIRE, ROTATE, SEND_AGAIN, TELL_AGAIN
from messaging.models import (
    Destination,
    DomainKey,
    HostedDomain,
    InboxMessage,
    KeyLookup,
    OutboxMessage,
    PeerKey,
    Pruning,
    Refusal,
    Untold,
)
from messaging.signing import read_key
from messaging.syntax import is_domain, is_selector
from operators import acts
from operators.acts import Doer
from operators.pages import ReadOnlyAdmin
from operators.reach import NO_DOMAIN


@admin.register(HostedDomain)
class HostedDomainAdmin(ReadOnlyAdmin):
    domain_path = "name"
    list_display = ("name", "title", "created_at")
    search_fields = ("name", "title")
    ordering = ("name",)
    verbs = (MAKE_NEXT,)


@admin.register(DomainKey)
class DomainKeyAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    # An allow list: the private key is in no view, sealed or not.
    fields = ("id", "domain", "selector", "public_key", "state", "created_at", "changed_at")
    list_display = ("domain", "selector", "state", "public_key", "changed_at", "created_at")
    list_select_related = ("domain",)
    list_filter = ("state",)
    search_fields = ("domain__name", "public_key")
    ordering = ("domain", "-created_at")
    verbs = (ROTATE, RETIRE, COMPROMISE)


PIN = "messaging.pin_peerkey"


class PinForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator says about a peer's key, and why."""

    class Meta:
        model = PeerKey
        fields = ("domain", "selector", "public_key")

    public_key = forms.CharField(widget=forms.Textarea, help_text="Base64, or PEM of Ed25519")
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="From now on this key is trusted, whatever DNS says. Kept with your name.",
    )
    replace = forms.BooleanField(
        required=False, label="Replace the key that is there", help_text="Tick it when asked to."
    )

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
        kept = PeerKey.objects.filter(**names).first()
        new = self.cleaned_data.get("public_key")
        if kept and new and kept.public_key != new and not self.cleaned_data.get("replace"):
            self.add_error("replace", f"There is another key ({kept.source}) under this name.")
        self.instance = kept or self.instance
        return self.cleaned_data


def _checked(value: str, is_valid: Any, complaint: str) -> str:
    if not is_valid(value):
        raise forms.ValidationError(complaint)
    return value.lower()


@admin.register(PeerKey)
class PeerKeyAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    form = PinForm
    list_display = ("domain", "selector", "public_key", "source", "expires_at", "created_at")
    list_filter = ("source",)
    search_fields = ("domain", "public_key")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PIN) and self.reaches(request)

    def get_fields(self, request: HttpRequest, obj: PeerKey | None = None) -> Any:
        if obj is None:
            return ("domain", "selector", "public_key", "reason", "replace")
        return ("domain", "selector", "public_key", "source", "expires_at", "created_at")

    def save_model(self, request: HttpRequest, obj: PeerKey, form: Any, change: bool) -> None:
        pinned = keys.pin_key(obj.domain, obj.selector, obj.public_key)
        obj.pk = pinned.pk
        doer = Doer(request.user.get_username(), form.cleaned_data["reason"])
        acts.record(doer, PIN, self.subject(pinned), "pinned")

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """The pin is in the record, with its reason."""
        return admin.ModelAdmin.log_addition(self, request, obj, message)


@admin.register(KeyLookup)
class KeyLookupAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    list_display = ("domain", "selector", "outcome", "until", "detail")
    list_filter = ("outcome",)
    search_fields = ("domain", "detail")
    ordering = ("-until",)


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    domain_path = "recipient"
    list_display = ("received_at", "subject", "sender", "recipient", "state", "response_status")
    list_filter = ("state", "mode", "received_at")
    search_fields = ("=id", "=correlation", "subject", "sender", "recipient")
    date_hierarchy = "received_at"
    ordering = ("-received_at",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    domain_path = "sender"
    list_display = ("created_at", "subject", "sender", "recipient", "state", "attempts", "due_at")
    list_filter = ("state", "created_at")
    search_fields = ("=id", "=correlation", "=origin", "subject", "sender", "recipient")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    verbs = (SEND_AGAIN,)


@admin.register(Untold)
class UntoldAdmin(ReadOnlyAdmin):
    domain_path = "message__sender"
    list_display = ("since", "message", "listens", "attempts", "due_at", "error")
    list_filter = ("listens",)
    list_select_related = ("message",)
    search_fields = ("=message__id", "message__subject", "error")
    ordering = ("-since",)
    verbs = (TELL_AGAIN,)


@admin.register(Destination)
class DestinationAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    list_display = ("domain", "state", "failures", "until", "changed_at", "last_error")
    list_filter = ("state",)
    search_fields = ("domain", "last_error")
    ordering = ("-changed_at",)
    verbs = (PROBE,)


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    list_display = ("day", "reason", "count")
    list_filter = ("reason",)
    date_hierarchy = "day"
    ordering = ("-day", "reason")


@admin.register(Pruning)
class PruningAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    list_display = ("rule", "worked_at", "due_at", "removed", "fault")
    search_fields = ("rule",)
    ordering = ("rule",)
