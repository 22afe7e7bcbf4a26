"""Times and periods: always UTC, months and years end on the last day of the month.

Days, weeks, months and years begin where the chat's person is, and in UTC outside chats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from scripts.functions.comparison import day
from scripts.functions.function import Context, Function
from scripts.functions.kinds import bad_type
from scripts.language.errors import ScriptError
from scripts.language.evaluation import prop
from scripts.language.values import advance as advance_by
from scripts.language.values import is_empty, parse_time, to_text
from scripts.language.values import is_period as is_period_text

_UNITS = re.compile(r"\s*(?:(\d{1,5})\s*)?(minute|hour|day|week|month|year)s?\s*", re.IGNORECASE)
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_FORMAT = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
}


def moment(value: Any) -> datetime:
    """Return a time, or the text of one, in UTC. Raises ScriptError."""
    found = parse_time(value)
    if found is None:
        raise ScriptError(f"{to_text(value)[:100]!r} is not a time", kind="type")
    return found


def _zone(context: Context) -> ZoneInfo | Any:
    """Return the time zone of the chat, or UTC."""
    name = prop(context.system("Chat"), "Timezone")
    try:
        return ZoneInfo(str(name)) if name else UTC
    except (ValueError, OSError, KeyError):
        return UTC


def now(context: Context, subject: Any, form: Any = "UTC") -> Any:
    """The time; with a form such as `DD.MM.YYYY HH:mm`, its text where the person is."""
    if form == "UTC":
        return context.now()
    return _written("Now", context.now().astimezone(_zone(context)), form)


def _written(function: str, local: datetime, form: Any) -> str:
    parts = re.findall(r"[A-Za-z]+|[^A-Za-z]+", to_text(form))
    if not any(part in _FORMAT for part in parts) or any(
        part.isalpha() and part not in _FORMAT for part in parts
    ):
        known = ", ".join(_FORMAT)
        raise ScriptError(f".{function} writes {known}, or UTC, not {form!r}", kind="type")
    return "".join(local.strftime(_FORMAT[part]) if part in _FORMAT else part for part in parts)


def today(context: Context, subject: Any, form: Any = "UTC") -> Any:
    """Midnight of the current day; `.Is` takes any moment of it as the same."""
    local = context.now().astimezone(_zone(context))
    if form != "UTC":
        return _written("Today", local, form)
    start, end = _calendar(local, "day", 1, 0)
    return day(start, end - start)


def advance(context: Context, subject: Any, period: Any) -> Any:
    """A period after the subject; a time stays as it is, so one input may be either."""
    absolute = parse_time(period)
    if absolute is not None:
        return absolute
    return None if is_empty(subject) else _moved("Advance", subject, period, 1)


def go_back(context: Context, subject: Any, period: Any) -> Any:
    return None if is_empty(subject) else _moved("GoBack", subject, period, -1)


def _moved(function: str, subject: Any, period: Any, sign: int) -> datetime:
    if not isinstance(period, str | int):
        raise bad_type(function, "takes a period such as 3 hours", period)
    return advance_by(moment(subject), to_text(period), sign)


def is_after(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and moment(subject) > moment(other)


def is_before(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and moment(subject) < moment(other)


def is_past(context: Context, subject: Any) -> bool:
    return not is_empty(subject) and moment(subject) <= context.now()


def is_future(context: Context, subject: Any) -> bool:
    return not is_empty(subject) and moment(subject) > context.now()


def is_time(context: Context, subject: Any, or_period: Any = False) -> bool:
    """An absolute time; `Times:` of an assertion also takes a period."""
    return parse_time(subject) is not None or (or_period is True and is_period_text(subject))


# -- periods ------------------------------------------------------------------------------------


def period(start: datetime, end: datetime) -> dict[str, Any]:
    """Return the period between two times (UTC): a map, whose text is hours, minutes, seconds.

    Units are whole ones, completed; all are negative when the end comes first.
    """
    span = end - start
    sign = -1 if span < timedelta() else 1
    whole = abs(span) // timedelta(seconds=1)
    exact = Decimal(span // timedelta(microseconds=1)).scaleb(-6)
    clock = f"{'-' if sign < 0 else ''}{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    months = sign * _months(min(start, end), max(start, end))
    return {
        "$": clock,
        "From": start,
        "To": end,
        "Seconds": int(exact) if exact == int(exact) else exact,
        "Minutes": sign * (whole // 60),
        "Hours": sign * (whole // 3600),
        "Days": sign * (whole // 86400),
        "Weeks": sign * (whole // 604800),
        "Months": months,
        "Years": sign * (abs(months) // 12),
        "Time": clock,
    }


def _months(start: datetime, end: datetime) -> int:
    count = (end.year - start.year) * 12 + end.month - start.month
    return count - 1 if count and advance_by(start, f"{count} months") > end else count


def verbose(context: Context, subject: Any, count: Any = 2) -> Any:
    """The largest units of a period in words, as many as asked for."""
    if is_empty(subject):
        return None
    if not isinstance(subject, dict) or "From" not in subject:
        raise bad_type("Verbose", "tells of a period", subject)
    left = abs(subject["To"] - subject["From"]) // timedelta(seconds=1)
    parts = []
    for unit, size in _SECONDS.items():
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}{'s' if number > 1 else ''}")
    most = int(to_text(count)) if to_text(count).isdecimal() else 2
    return " ".join(parts[: max(most, 1)]) or "0 seconds"


def _unit(function: str, value: Any) -> tuple[int, str]:
    match = _UNITS.fullmatch(to_text(value))
    if match is None:
        units = "minute, hour, day, week, month or year"
        raise ScriptError(f".{function} takes a {units}, not {to_text(value)[:40]!r}", kind="type")
    return int(match[1] or 1), match[2].lower()


def _calendar(
    local: datetime, unit: str, count: int, periods_back: int
) -> tuple[datetime, datetime]:
    """Return the beginning and end (UTC) of `count` calendar units, so many before the current."""
    start = local.replace(second=0, microsecond=0, fold=0)
    if unit != "minute":
        start = start.replace(minute=0)
    if unit not in ("minute", "hour"):
        start = start.replace(hour=0)
    if unit == "week":
        start -= timedelta(days=start.weekday())
    if unit in ("month", "year"):
        start = start.replace(day=1)
    if unit == "year":
        start = start.replace(month=1)
    first = _stepped(start, unit, -periods_back)
    return first.astimezone(UTC), _stepped(first, unit, count).astimezone(UTC)


def _stepped(local: datetime, unit: str, count: int) -> datetime:
    """Return a local time so many units on, at the same time of the clock."""
    if unit in ("minute", "hour"):
        moved = advance_by(local.astimezone(UTC), f"{abs(count)} {unit}s", 1 if count >= 0 else -1)
        return moved.astimezone(local.tzinfo)
    return advance_by(local, f"{abs(count)} {unit}s", 1 if count >= 0 else -1)


def this(context: Context, subject: Any, unit: Any) -> dict[str, Any]:
    """The calendar period that is now."""
    count, name = _unit("This", unit)
    if count != 1:
        raise ScriptError(".This takes one unit, such as month", kind="type")
    return period(*_calendar(context.now().astimezone(_zone(context)), name, 1, 0))


def previous(context: Context, subject: Any, unit: Any) -> dict[str, Any]:
    """The full calendar periods before the current one."""
    count, name = _unit("Previous", unit)
    return period(*_calendar(context.now().astimezone(_zone(context)), name, count, count))


def last_period(context: Context, unit: str) -> dict[str, Any]:
    """The period of this length that ends now."""
    _unit("Last", unit)
    count, name = _unit("Last", unit)
    end = context.now()
    return period(advance_by(end, f"{count} {name}s", -1), end)


def names_period(value: Any) -> bool:
    """Say whether a text is a unit, or some of them, such as `day` or `2 weeks`."""
    return isinstance(value, str) and _UNITS.fullmatch(value) is not None


def _test(call: Callable[..., bool], most: int, signature: str, about: str) -> Function:
    fewest = min(most, 1) if call is not is_time else 0
    return Function(call, fewest, most, test=True, signature=signature, about=about)


FUNCTIONS = {
    "Advance": Function(
        advance,
        1,
        1,
        signature="t.Advance(period)",
        about="A time so much later, such as `3 hours` or `0:30`; a time given instead stays.",
    ),
    "GoBack": Function(
        go_back, 1, 1, signature="t.GoBack(period)", about="A time so much earlier."
    ),
    "IsAfter": _test(is_after, 1, "t.IsAfter(u)", "Whether a time is later."),
    "IsBefore": _test(is_before, 1, "t.IsBefore(u)", "Whether a time is earlier."),
    "IsFuture": _test(is_future, 0, "t.IsFuture", "Whether a time is still to come."),
    "IsPast": _test(is_past, 0, "t.IsPast", "Whether a time is now or over."),
    "IsTime": _test(is_time, 1, "t.IsTime", "Whether it is a time, such as 2026-05-01T09:30:00Z."),
    "Now": Function(
        now,
        0,
        1,
        subjectless=True,
        signature=".Now\n.Now(format)",
        about="The time; with a format such as `DD.MM.YYYY HH:mm`, as the person's clock shows it.",
    ),
    "Previous": Function(
        previous,
        1,
        1,
        subjectless=True,
        signature=".Previous(unit)",
        about="The full calendar period before the current one, such as `month` or `2 weeks`.",
    ),
    "This": Function(
        this,
        1,
        1,
        subjectless=True,
        signature=".This(unit)",
        about="The current calendar period: minute, hour, day, week, month or year.",
    ),
    "Today": Function(
        today,
        0,
        1,
        subjectless=True,
        signature=".Today\n.Today(format)",
        about="The beginning of the current day where the person is; UTC outside chats.",
    ),
    "Verbose": Function(
        verbose,
        0,
        1,
        whole=True,
        signature="period.Verbose(n)",
        about="A period in words, by its largest units.",
    ),
}
