"""Chats and prompts to look at; talkers and titles to edit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from host import services
from host.models import Chat, Prompt, Talker, Title
from messaging.admin_readonly import ReadOnlyAdmin, ReadOnlyInline
from scripts import library
from scripts.language.errors import LoadErrors


class PromptInline(ReadOnlyInline):
    model = Prompt
    ordering = ("created_at",)
    fields = ("created_at", "format", "state", "text", "result", "expires_at")


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    list_display = ("chat", "domain", "broker", "key", "state", "created_at")
    list_filter = ("state", "domain")
    search_fields = ("=chat", "=id", "key")
    ordering = ("-created_at",)
    inlines = (PromptInline,)


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin):
    list_display = ("text", "format", "state", "chat", "created_at", "expires_at")
    list_filter = ("format", "state")
    search_fields = ("=id", "=chat__chat", "text")
    list_select_related = ("chat",)
    ordering = ("-created_at",)


class TalkerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A talker's script is compiled before it is kept; its faults show at their lines."""

    class Meta:
        model = Talker
        fields = ("domain", "key", "title", "source")

    def clean_source(self) -> str:
        source = str(self.cleaned_data["source"]).replace("\r\n", "\n")
        try:
            library.compile_source(source, file=f"{self.cleaned_data.get('key', 'talker')}.yaml")
        except LoadErrors as faults:
            raise forms.ValidationError([str(fault) for fault in faults]) from None
        return source


@admin.register(Talker)
class TalkerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TalkerForm
    list_display = ("title", "domain", "key", "version", "updated_at")
    list_filter = ("domain",)
    search_fields = ("title", "key")
    readonly_fields = ("version", "updated_at")

    def save_model(self, request: HttpRequest, obj: Talker, form: Any, change: bool) -> None:
        kept = services.save_talker(
            domain=obj.domain, key=obj.key, title=obj.title, source=obj.source
        )
        obj.pk = kept.pk


@admin.register(Title)
class TitleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "language", "title")
    search_fields = ("code", "title")
