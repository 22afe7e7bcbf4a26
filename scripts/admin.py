"""Runs, hooks, timers and versions for operators: to look at, and to retry what is quarantined."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from messaging import keys
from messaging.admin_readonly import ReadOnlyAdmin, ReadOnlyInline, search_link
from scripts import poison, services, withdrawal
from scripts.explain import why
from scripts.items import defining
from scripts.items.defining import HANDLERS
from scripts.language.errors import LoadErrors
from scripts.models import (
    Checkpoint,
    Hook,
    Imprint,
    Item,
    ItemHistory,
    ItemSet,
    Quarantine,
    Ready,
    Run,
    RunEvent,
    ScriptVersion,
    Signal,
    Timer,
)
from scripts.source_widget import SourceWidget, mark


class RunEventInline(ReadOnlyInline):
    model = RunEvent
    ordering = ("rev",)


class QuarantineInline(ReadOnlyInline):
    model = Quarantine
    ordering = ("-at",)


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
    inlines = (QuarantineInline, RunEventInline, HookInline)
    actions = ("retry", "cancel")
    readonly_fields = ("why", "received", "sent")

    def get_fields(self, request: HttpRequest, obj: Run | None = None) -> list[Any]:
        """The sentence that says why comes first."""
        fields = list(super().get_fields(request, obj))
        return ["why", *(name for name in fields if name != "why")]

    @admin.display(description="why it is where it is")
    def why(self, run: Run) -> str:
        return why(run)

    @admin.display(description="started by message")
    def received(self, run: Run) -> SafeString | str:
        if run.message_id is None:
            return "-"
        return search_link("messaging_inboxmessage", run.message_id, "the message received")

    @admin.display(description="messages sent")
    def sent(self, run: Run) -> SafeString:
        return search_link("messaging_outboxmessage", run.pk, "the messages it sent")

    @admin.action(description="Cancel for good", permissions=["view"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        by = request.user.get_username()
        ended = sum(services.cancel(run.pk, by=by) for run in queryset)
        level = messages.SUCCESS if ended else messages.WARNING
        self.message_user(request, f"{ended} runs are cancelled", level)

    @admin.action(description="Retry what is quarantined", permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        freed = sum(services.retry(run.pk) for run in queryset)
        level = messages.SUCCESS if freed else messages.WARNING
        self.message_user(request, f"{freed} runs will try again", level)


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    list_display = ("run", "at", "attempts", "fault", "worker")
    search_fields = ("=run__id", "fault")
    list_select_related = ("run",)
    date_hierarchy = "at"
    ordering = ("-at",)


@admin.register(ScriptVersion)
class ScriptVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "hash", "abi", "created_at", "stopped_at", "stopped_why")
    list_filter = (("stopped_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "hash")
    fields = ("name", "hash", "created_at", "stopped_at", "stopped_why", "links", "listing")
    readonly_fields = ("listing",)
    actions = ("let_start", "withdraw")

    @admin.action(description="Let stopped versions start again", permissions=["view"])
    def let_start(self, request: HttpRequest, queryset: QuerySet[ScriptVersion]) -> None:
        woken = sum(poison.let_start(version.pk) for version in queryset)
        self.message_user(request, f"{woken} runs that waited will start", messages.SUCCESS)

    @admin.action(description="Withdraw: cancel all its runs, for good", permissions=["view"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[ScriptVersion]) -> None:
        by = request.user.get_username()
        count = sum(withdrawal.withdraw(version.pk, by=by) for version in queryset)
        self.message_user(request, f"{count} runs will be cancelled", messages.WARNING)

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


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ("hook", "run", "number")
    search_fields = ("=hook__name", "=run__id")
    list_select_related = ("hook", "run")


@admin.register(Imprint)
class ImprintAdmin(ReadOnlyAdmin):
    list_display = ("hook", "domain", "run", "recalled_at")
    search_fields = ("=hook", "=run__id")
    list_select_related = ("run",)


class ItemSetForm(forms.ModelForm):  # type: ignore[type-arg]
    """A dataset is checked with its handlers' scripts before it is kept; faults show lines."""

    source = forms.CharField(
        label="Definition", widget=SourceWidget(), help_text="The dataset, in YAML", strip=False
    )
    scripts = forms.CharField(
        widget=SourceWidget(),
        help_text="The scripts that its Handlers start, in YAML: a file of scripts",
        strip=False,
        required=False,
    )

    class Meta:
        model = ItemSet
        fields = ("domain", "source", "scripts")

    def clean_domain(self) -> str:
        domain = keys.hosted_name(str(self.cleaned_data["domain"]))
        if domain is None:
            raise forms.ValidationError("This deployment does not host that domain.")
        return domain

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        source = str(cleaned.get("source") or "").replace("\r\n", "\n")
        scripts = str(cleaned.get("scripts") or "").replace("\r\n", "\n")
        cleaned.update(source=source, scripts=scripts)
        if source and "domain" in cleaned:
            try:
                definition, _ = defining.check(source, scripts)
                if defining.name_taken(definition, cleaned["domain"], self.instance.pk):
                    self.add_error("source", f"There is a dataset {definition.name} already.")
            except LoadErrors as errors:
                self._show(errors, source, scripts)
        return cleaned

    def _show(self, errors: LoadErrors, source: str, scripts: str) -> None:
        for name, text in (("source", source), ("scripts", scripts)):
            faults = [each for each in errors if (each.file == HANDLERS) == (name == "scripts")]
            mark(self.fields[name], text, faults)
            for fault in faults:
                self.add_error(name, str(fault))


@admin.register(ItemSet)
class ItemSetAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ItemSetForm
    list_display = ("name", "domain", "updated_at")
    list_filter = ("domain",)
    search_fields = ("name",)
    readonly_fields = ("name", "version", "updated_at")

    def save_model(self, request: HttpRequest, obj: ItemSet, form: Any, change: bool) -> None:
        kept = defining.change_set(obj, source=obj.source, scripts=obj.scripts)
        obj.pk, obj.name = kept.pk, kept.name


class ItemHistoryInline(ReadOnlyInline):
    model = ItemHistory
    ordering = ("-version",)


@admin.register(ItemHistory)
class ItemHistoryAdmin(ReadOnlyAdmin):
    list_display = ("item", "version", "event", "state", "run", "at")
    search_fields = ("=item__id", "=run")
    list_select_related = ("item",)
    ordering = ("-at",)


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    list_display = ("key", "set", "state", "invalid", "version", "updated_at", "deleted_at")
    list_filter = ("set", "state")
    search_fields = ("=id", "key")
    list_select_related = ("set",)
    ordering = ("-updated_at",)
    inlines = (ItemHistoryInline,)
