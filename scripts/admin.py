"""Runs, hooks, timers and versions for operators: to look at, and to retry what is quarantined."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from operators.fields import ReasonedForm
from operators.pages import DomainAdmin, ReadOnlyAdmin, ReadOnlyInline, search_link
from operators.reach import NO_DOMAIN, domains_of
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
from scripts.registry import registry
from scripts.run_verbs import CANCEL, LET_START, RETRY, WITHDRAW
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
    domain_path = "domain"
    list_display = ("script", "domain", "state", "subject_id", "created_at", "finished_at")
    list_filter = ("state", "domain", "script")
    search_fields = ("=id", "=subject_id", "trigger", "script")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (QuarantineInline, RunEventInline, HookInline)
    verbs = (RETRY, CANCEL)
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


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    domain_path = "run__domain"
    list_display = ("run", "at", "attempts", "fault", "worker")
    search_fields = ("=run__id", "fault")
    list_select_related = ("run",)
    date_hierarchy = "at"
    ordering = ("-at",)


@admin.register(ScriptVersion)
class ScriptVersionAdmin(ReadOnlyAdmin):
    """A version belongs to those who run it: seen by who reaches the domains of all its runs.

    Two domains with the same script share its version, and who withdraws it ends the runs of both.
    """

    domain_path = NO_DOMAIN
    list_display = ("name", "hash", "abi", "created_at", "stopped_at", "stopped_why")
    list_filter = (("stopped_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "hash")
    fields = ("name", "hash", "created_at", "stopped_at", "stopped_why", "links", "listing")
    readonly_fields = ("listing",)
    verbs = (LET_START, WITHDRAW)

    def within(
        self, rows: QuerySet[ScriptVersion], names: frozenset[str]
    ) -> QuerySet[ScriptVersion]:
        runs = Run.objects.filter(version=OuterRef("pk"))
        for library in registry.libraries:
            rows = rows.exclude(name__startswith=f"{library}/")
        own, others = runs.filter(domain__in=names), runs.exclude(domain__in=names)
        return rows.filter(Exists(own), ~Exists(others))

    def reaches(self, request: HttpRequest, row: Model | None = None) -> bool:
        names = domains_of(request.user)
        if names is None or row is None:
            return names is None or bool(names)
        return self.within(ScriptVersion.objects.filter(pk=row.pk), names).exists()

    @admin.display(description="source")
    def listing(self, version: ScriptVersion) -> SafeString:
        return format_html("<pre>{}</pre>", version.source)


class SignalInline(ReadOnlyInline):
    model = Signal
    ordering = ("created_at",)


@admin.register(Hook)
class HookAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("name", "domain", "state", "run", "deadline")
    list_filter = ("state", "domain")
    search_fields = ("name",)
    list_select_related = ("run",)
    inlines = (SignalInline,)


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    domain_path = "hook__domain"
    list_display = ("hook", "state", "origin", "created_at")
    list_filter = ("state",)
    search_fields = ("hook__name", "source")
    list_select_related = ("hook",)


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    domain_path = "run__domain"
    list_display = ("run", "due_at")
    search_fields = ("=run__id",)
    list_select_related = ("run",)
    ordering = ("due_at",)


@admin.register(Ready)
class ReadyAdmin(ReadOnlyAdmin):
    domain_path = "run__domain"
    list_display = ("run", "due_at", "attempts", "gen")
    search_fields = ("=run__id",)
    list_select_related = ("run",)
    ordering = ("due_at",)


@admin.register(RunEvent)
class RunEventAdmin(ReadOnlyAdmin):
    domain_path = "run__domain"
    list_display = ("run", "rev", "kind", "at")
    list_filter = ("kind",)
    search_fields = ("=run__id",)
    list_select_related = ("run",)


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    domain_path = "run__domain"
    list_display = ("hook", "run", "number")
    search_fields = ("=hook__name", "=run__id")
    list_select_related = ("hook", "run")


@admin.register(Imprint)
class ImprintAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("hook", "domain", "run", "recalled_at")
    search_fields = ("=hook", "=run__id")
    list_select_related = ("run",)


class ItemSetForm(ReasonedForm):
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
class ItemSetAdmin(DomainAdmin):
    domain_path = "domain"
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
    domain_path = "item__set__domain"
    list_display = ("item", "version", "event", "state", "run", "at")
    search_fields = ("=item__id", "=run")
    list_select_related = ("item",)
    ordering = ("-at",)


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    domain_path = "set__domain"
    list_display = ("key", "set", "state", "invalid", "version", "updated_at", "deleted_at")
    list_filter = ("set", "state")
    search_fields = ("=id", "key")
    list_select_related = ("set",)
    ordering = ("-updated_at",)
    inlines = (ItemHistoryInline,)
