"""YAML in the admin: a text area, and below it the text with its faults at their lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms

from scripts.language.errors import ScriptSyntaxError


@dataclass
class MarkedLine:
    """A line of a script, and what is wrong with it."""

    number: int
    text: str
    faults: list[str] = field(default_factory=list)


def marked_lines(source: str, faults: list[ScriptSyntaxError]) -> list[MarkedLine]:
    """Return the lines of a script, each with its faults."""
    lines = [MarkedLine(number, text) for number, text in enumerate(source.split("\n"), 1)]
    for fault in faults:
        hint = f" ({fault.hint})" if fault.hint else ""
        line = lines[min(max(fault.line, 1), len(lines)) - 1]
        line.faults.append(f"{fault.message}{hint}")
    return lines


class SourceWidget(forms.Textarea):
    """A text area, and below it the script with its faults at their lines, when it has some."""

    template_name = "scripts/source_widget.html"

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 30, "cols": 110, "spellcheck": "false", "wrap": "off"})
        self.lines: list[MarkedLine] = []

    class Media:
        css = {"all": ["scripts/source.css"]}

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "lines": self.lines}


def mark(form_field: forms.Field, source: str, faults: list[ScriptSyntaxError]) -> None:
    """Show faults below the text area of a form's field."""
    if isinstance(form_field.widget, SourceWidget):
        form_field.widget.lines = marked_lines(source, faults)
