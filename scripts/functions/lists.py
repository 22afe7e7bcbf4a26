"""Adding, measuring and picking: numbers, texts, lists and maps by their type."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from scripts.functions import moments
from scripts.functions.function import Context
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, parse_time, to_number, to_text


def add(context: Context, subject: Any, *values: Any) -> Any:
    """By type: a number grows, a time advances, a text or list gets longer, a map gets pairs."""
    result = subject
    for value in values:
        result = _add(context, result, value)
    return result


def _add(context: Context, subject: Any, value: Any) -> Any:
    if isinstance(subject, list):
        return [*subject, *(value if isinstance(value, list) else [value])]
    if isinstance(subject, dict):
        if not isinstance(value, dict):
            raise ScriptError("only a map can be added to a map", kind="type")
        return {**subject, **value}
    if isinstance(subject, datetime) or (parse_time(subject) and to_number(subject) is None):
        return moments.advance(context, subject, value)
    number, other = to_number(subject), to_number(value)
    if number is not None and other is not None:
        return _number(number + other)
    if isinstance(subject, str) or subject is None:
        return to_text(subject) + to_text(value)
    raise ScriptError("these two cannot be added", kind="type")


def _number(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value


def length(context: Context, subject: Any) -> int:
    """Characters of a text, items of a list, pairs of a map; nothing has length 0."""
    if is_empty(subject):
        return 0
    return len(subject) if isinstance(subject, str | list | dict) else len(to_text(subject))


def lower(context: Context, subject: Any) -> Any:
    """The smallest number, or the earliest time, of a list."""
    items = subject if isinstance(subject, list) else [subject]
    if not items or is_empty(subject):
        return None
    numbers = [to_number(item) for item in items]
    if all(number is not None for number in numbers):
        return min(items, key=lambda item: to_number(item) or Decimal(0))
    times = [parse_time(item) for item in items]
    if all(time is not None for time in times):
        return min(time for time in times if time is not None)
    raise ScriptError("Lower needs numbers, or times", kind="type")


def first(context: Context, subject: Any, count: Any = None) -> Any:
    """The first item; with a count, the first items or characters."""
    return _pick(subject, count, from_end=False)


def last(context: Context, subject: Any, count: Any = None) -> Any:
    """The last item; with a count, the last items or characters."""
    return _pick(subject, count, from_end=True)


def _pick(subject: Any, count: Any, *, from_end: bool) -> Any:
    if is_empty(subject):
        return None
    if not isinstance(subject, str | list):
        raise ScriptError("only texts and lists have a first and a last", kind="type")
    if count is None:
        return subject[-1 if from_end else 0]
    number = to_number(count)
    if number is None or number < 0 or number != number.to_integral_value():
        raise ScriptError("the count must be a whole number", kind="type")
    size = int(number)
    return subject[max(len(subject) - size, 0) :] if from_end else subject[:size]


def new_uuid(context: Context, subject: Any) -> str:
    return context.new_uuid()
