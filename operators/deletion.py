"""Deleting rows at `/ops/`: what goes along with them, and what they cannot be taken from."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Model, ProtectedError, RestrictedError
from django.db.models.deletion import Collector

from operators.acts import Doer


def delete(row: Model, doer: Doer) -> str:
    """Delete a row and all that goes along, or nothing."""
    with transaction.atomic():
        row.delete()
    return "deleted"


def needed_by(row: Model) -> str:
    """Say which rows cannot be without this one; nothing when none needs it."""
    try:
        _collected([row])
    except (ProtectedError, RestrictedError) as error:
        held = error.args[1]
        return f"{_counted(type(next(iter(held))), len(held))} cannot be without it"
    return ""


def what_goes_along(rows: list[Any]) -> list[str]:
    """Return what is deleted with these rows: `3 items`."""
    if not rows:
        return []
    found = _collected(rows)
    counts = {model: len(each) for model, each in found.data.items()}
    for fast in found.fast_deletes:
        counts[fast.model] = counts.get(fast.model, 0) + fast.count()
    counts[type(rows[0])] = counts.get(type(rows[0]), 0) - len(rows)
    return [_counted(model, count) for model, count in counts.items() if count > 0]


def _collected(rows: list[Any]) -> Collector:
    found = Collector(using="default", origin=rows[0])
    found.collect(rows)
    return found


def _counted(model: type[Model], count: int) -> str:
    names = model._meta.verbose_name, model._meta.verbose_name_plural
    return f"{count:,} {names[0] if count == 1 else names[1]}"
