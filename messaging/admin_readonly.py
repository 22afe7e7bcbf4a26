"""What all admin pages of machine-owned rows share: operators look, machines write."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only services may change."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def search_link(model: str, words: object, shown: str) -> SafeString:
    """Return a link to the list of `model` (app_model), searched for `words`."""
    url = reverse(f"admin:{model}_changelist")
    return format_html('<a href="{}?q={}">{}</a>', url, words, shown)


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows shown with what they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
