"""Chats and prompts to look at; talkers and titles to edit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from host.models import (
    Appendix,
    Chat,
    Form,
    Manifest,
    Prompt,
    Registered,
    Schema,
    Title,
    Trust,
)
from host.states import TrustRole
from host.talker_admin import TalkerAdmin, TalkerFileAdmin
from operators.fields import ReasonedForm
from operators.pages import DomainAdmin, ReadOnlyAdmin, ReadOnlyInline

__all__ = ["TalkerAdmin", "TalkerFileAdmin"]  # they register themselves


class PromptInline(ReadOnlyInline):
    model = Prompt
    ordering = ("created_at",)
    fields = ("created_at", "format", "state", "text", "result", "expires_at")


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("chat", "domain", "broker", "key", "state", "created_at")
    list_filter = ("state", "domain")
    search_fields = ("=chat", "=id", "key")
    ordering = ("-created_at",)
    inlines = (PromptInline,)


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin):
    domain_path = "chat__domain"
    list_display = ("text", "format", "state", "chat", "created_at", "expires_at")
    list_filter = ("format", "state")
    search_fields = ("=id", "=chat__chat", "text")
    list_select_related = ("chat",)
    ordering = ("-created_at",)


@admin.register(Title)
class TitleAdmin(DomainAdmin):
    domain_path = "code"
    domain_of_code = True
    list_display = ("code", "language", "title")
    search_fields = ("code", "title")


@admin.register(Appendix)
class AppendixAdmin(ReadOnlyAdmin):
    domain_path = "prompt__chat__domain"
    list_display = ("id", "type", "name", "prompt")
    search_fields = ("=id", "=prompt__id")
    list_select_related = ("prompt",)
    exclude = ("content",)


@admin.register(Registered)
class RegisteredAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("script", "domain", "key", "created_at", "expires_at")
    list_filter = ("domain",)
    search_fields = ("key", "script")


@admin.register(Manifest)
class ManifestAdmin(DomainAdmin):
    domain_path = "domain"
    list_display = ("domain", "title", "language")
    search_fields = ("domain", "title")


@admin.register(Schema)
class SchemaAdmin(DomainAdmin):
    domain_path = "code"
    domain_of_code = True
    list_display = ("code", "version", "title")
    search_fields = ("code", "title")


@admin.register(Form)
class FormAdmin(DomainAdmin):
    domain_path = "domain"
    list_display = ("domain", "key", "language", "title")
    list_filter = ("domain",)
    search_fields = ("key", "title")


class TrustForm(ReasonedForm):
    """Lists are JSON; a mistyped role would otherwise trust nobody, silently."""

    class Meta:
        model = Trust
        fields = ("domain", "title", "action", "roles", "queries", "domains", "expires_at")

    def clean_roles(self) -> list[str]:
        return _texts("Roles", self.cleaned_data["roles"], allowed=TrustRole.values)

    def clean_queries(self) -> list[str]:
        return _texts("Queries", self.cleaned_data["queries"])

    def clean_domains(self) -> list[str]:
        return [name.lower() for name in _texts("Domains", self.cleaned_data["domains"])]


def _texts(name: str, value: Any, *, allowed: list[str] | None = None) -> list[str]:
    parts = value or []
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise forms.ValidationError(f'{name}: a list of texts, such as ["a.test", "b.test"]')
    unknown = sorted(set(parts) - set(allowed)) if allowed is not None else []
    if unknown:
        raise forms.ValidationError(f"{name}: {', '.join(unknown)} is none of {allowed}")
    return parts


@admin.register(Trust)
class TrustAdmin(DomainAdmin):
    domain_path = "domain"
    form = TrustForm
    list_display = ("domain", "action", "title", "roles", "queries", "domains", "expires_at")
    list_filter = ("domain", "action")
    search_fields = ("title", "domain")
