"""Times and periods: always UTC, months and years end on the last day of the month."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scripts.functions.function import Context
from scripts.language.errors import ScriptError
from scripts.language.values import advance as advance_by
from scripts.language.values import is_empty, is_period, parse_time, to_text


def _moment(value: Any) -> datetime:
    moment = parse_time(value)
    if moment is None:
        raise ScriptError(f"{to_text(value)!r} is not a time", kind="type")
    return moment


def now(context: Context, subject: Any) -> datetime:
    return context.now()


def advance(context: Context, subject: Any, period: Any) -> datetime:
    """A period after the subject; a time stays as it is, so one input may be either."""
    moment = parse_time(period)
    return moment if moment is not None else advance_by(_moment(subject), to_text(period))


def go_back(context: Context, subject: Any, period: Any) -> datetime:
    return advance_by(_moment(subject), to_text(period), -1)


def is_after(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and _moment(subject) > _moment(other)


def is_before(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and _moment(subject) < _moment(other)


def is_past(context: Context, subject: Any) -> bool:
    return not is_empty(subject) and _moment(subject) <= context.now()


def is_future(context: Context, subject: Any) -> bool:
    return not is_empty(subject) and _moment(subject) > context.now()


def is_time(context: Context, subject: Any, or_period: Any = False) -> bool:
    """An absolute time; `Times:` of an assertion also takes a period."""
    return parse_time(subject) is not None or (or_period is True and is_period(subject))
