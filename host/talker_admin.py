"""Talkers in the admin: each is checked before it is kept, its faults are shown at their lines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from host import services
from host.models import Talker, TalkerFile
from operators.fields import ReasonedForm
from operators.pages import DomainAdmin, ReadOnlyAdmin
from scripts import library
from scripts.errors import UnknownScript
from scripts.language.errors import LoadErrors
from scripts.source_widget import SourceWidget, mark


class TalkerForm(ReasonedForm):
    """A talker's script is compiled before it is kept."""

    source = forms.CharField(widget=SourceWidget(), help_text="The script, in YAML", strip=False)

    class Meta:
        model = Talker
        fields = ("domain", "key", "title", "source")

    def clean_source(self) -> str:
        source = str(self.cleaned_data["source"]).replace("\r\n", "\n")
        file = f"{self.cleaned_data.get('key', 'talker')}.yaml"
        try:
            library.compile_source(source, file=file)
        except LoadErrors as faults:
            mark(self.fields["source"], source, faults.faults)
            raise forms.ValidationError([str(fault) for fault in faults]) from None
        return source


@admin.register(Talker)
class TalkerAdmin(DomainAdmin):
    domain_path = "domain"
    form = TalkerForm
    list_display = ("title", "domain", "key", "kept_in", "updated_at")
    list_filter = ("domain",)
    search_fields = ("title", "key")
    readonly_fields = ("locator", "kept_in", "version", "updated_at")

    @admin.display(description="locator")
    def locator(self, talker: Talker) -> str:
        return f".HOST,{talker.domain},{talker.key}" if talker.pk else "-"

    @admin.display(description="kept in")
    def kept_in(self, talker: Talker) -> str:
        file = _file_of(talker)
        if file is None:
            return "the database"
        return f"{file.path} (has faults)" if file.faults else file.path

    def get_readonly_fields(self, request: HttpRequest, obj: Talker | None = None) -> list[str]:
        """One that is kept in a file is changed there: the next reading would undo it here."""
        fixed = ["domain", "key", "title", "source"] if obj and _file_of(obj) else []
        return [*self.readonly_fields, *fixed]

    def save_model(self, request: HttpRequest, obj: Talker, form: Any, change: bool) -> None:
        """Keep it; under a new key or domain it is the same talker, and the old one is none."""
        Talker.objects.filter(pk=obj.pk).update(domain=obj.domain, key=obj.key)
        kept = services.save_talker(
            domain=obj.domain, key=obj.key, title=obj.title, source=obj.source
        )
        obj.pk = kept.pk
        for warning in _warnings(kept):
            self.message_user(request, f"Saved, but look at {warning}", messages.WARNING)


def _file_of(talker: Talker) -> TalkerFile | None:
    files = TalkerFile.objects.filter(domain=talker.domain, key=talker.key)
    return files.first() if talker.pk else None


def _warnings(talker: Talker) -> list[str]:
    """Compile once more: a stored version does not keep what its author was to be told."""
    try:
        file = library.compile_source(talker.source, file=f"{talker.key}.yaml").file
    except (LoadErrors, UnknownScript):
        return []
    return [str(warning) for warning in file.warnings]


@admin.register(TalkerFile)
class TalkerFileAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("path", "domain", "key", "sound", "read_at")
    list_filter = (("faults", admin.EmptyFieldListFilter), "domain")
    search_fields = ("path", "faults")
    fields = ("path", "domain", "key", "digest", "read_at", "told")
    readonly_fields = ("told",)
    ordering = ("path",)

    @admin.display(boolean=True)
    def sound(self, file: TalkerFile) -> bool:
        return not file.faults

    @admin.display(description="faults")
    def told(self, file: TalkerFile) -> SafeString:
        faults = [(line,) for line in file.faults.splitlines()] or [("none",)]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", faults))
