"""Form fields that give a row to a domain: hosted here, and reached by who fills in the form."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms

from operators import reach

NOT_YOURS = "This domain is not hosted here, or it is not yours."
REASON = "reason"  # the name of the field, and where a request keeps it


def choices(names: Collection[str] | None) -> list[tuple[str, str]]:
    own = [name for name in reach.hosted() if names is None or name in names]
    return [("", "-")] * (len(own) != 1) + [(name, name) for name in own]


class HostedField(forms.ChoiceField):
    """A domain hosted here; `names` are those that the user reaches, None for all."""

    default_error_messages = {"invalid_choice": NOT_YOURS}

    def __init__(self, names: Collection[str] | None, **kwargs: Any) -> None:
        super().__init__(choices=choices(names), **kwargs)

    def to_python(self, value: Any) -> str:
        return super().to_python(value).strip().lower()


class CodeField(forms.CharField):
    """A code that begins with a domain: a domain's name, or `theatre.test/SEAT:1.0`."""

    def __init__(self, names: Collection[str] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names

    def clean(self, value: Any) -> str:
        code = str(super().clean(value))
        if self.names is not None and code.partition("/")[0] not in self.names:
            raise forms.ValidationError(NOT_YOURS)
        return code


class ReasonedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of a row whose author may say why he changes it."""

    reason = forms.CharField(
        max_length=500, required=False, help_text="Why; kept with your name and the time"
    )

    @property
    def changed_data(self) -> list[str]:
        """The fields that change the row: what is said of it is none."""
        return [name for name in super().changed_data if name != REASON]
