"""Runs, hooks, timers and versions for operators: to look at, and to retry what is quarantined."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from messaging.admin_readonly import ReadOnlyAdmin, ReadOnlyInline, search_link
from scripts import services
from scripts.models import Hook, Ready, Run, RunEvent, ScriptVersion, Signal, Timer


class RunEventInline(ReadOnlyInline):
    model = RunEvent
    ordering = ("rev",)


class HookInline(ReadOnlyInline):
    model = Hook
    fk_name = "run"


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("script", "domain", "state", "subject_id", "created_at", "finished_at")
    list_filter = ("state", "domain", "script")
    search_fields = ("=id", "=subject_id", "trigger", "script")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (RunEventInline, HookInline)
    actions = ("retry",)
    readonly_fields = ("received", "sent")

    @admin.display(description="started by message")
    def received(self, run: Run) -> SafeString | str:
        if run.message_id is None:
            return "-"
        return search_link("messaging_inboxmessage", run.message_id, "the message received")

    @admin.display(description="messages sent")
    def sent(self, run: Run) -> SafeString:
        return search_link("messaging_outboxmessage", run.pk, "the messages it sent")

    @admin.action(description="Retry what is quarantined", permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        freed = sum(services.retry(run.pk) for run in queryset)
        level = messages.SUCCESS if freed else messages.WARNING
        self.message_user(request, f"{freed} runs will try again", level)


@admin.register(ScriptVersion)
class ScriptVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "hash", "abi", "created_at")
    search_fields = ("name", "hash")
    fields = ("name", "hash", "created_at", "links", "listing")
    readonly_fields = ("listing",)

    @admin.display(description="source")
    def listing(self, version: ScriptVersion) -> SafeString:
        return format_html("<pre>{}</pre>", version.source)


class SignalInline(ReadOnlyInline):
    model = Signal
    ordering = ("created_at",)


@admin.register(Hook)
class HookAdmin(ReadOnlyAdmin):
    list_display = ("name", "domain", "state", "run", "deadline")
    list_filter = ("state", "domain")
    search_fields = ("name",)
    list_select_related = ("run",)
    inlines = (SignalInline,)


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ("hook", "state", "origin", "created_at")
    list_filter = ("state",)
    search_fields = ("hook__name", "source")
    list_select_related = ("hook",)


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    list_display = ("run", "due_at")
    search_fields = ("=run__id",)
    list_select_related = ("run",)
    ordering = ("due_at",)


@admin.register(Ready)
class ReadyAdmin(ReadOnlyAdmin):
    list_display = ("run", "due_at", "attempts", "gen")
    search_fields = ("=run__id",)
    list_select_related = ("run",)
    ordering = ("due_at",)


@admin.register(RunEvent)
class RunEventAdmin(ReadOnlyAdmin):
    list_display = ("run", "rev", "kind", "at")
    list_filter = ("kind",)
    search_fields = ("=run__id",)
    list_select_related = ("run",)
