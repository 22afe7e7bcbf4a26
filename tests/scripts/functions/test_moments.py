"""Times and periods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.functions import moments
from tests.scripts.functions.check import check, refuse
from tests.scripts.functions.holders import X
from tests.scripts.language.world import NOW


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


ROWS: list[tuple[str, Any]] = [
    (".Now", NOW),
    (".Now(UTC)", NOW),
    (".Now('DD.MM.YYYY HH:mm')", "01.05.2026 09:30"),
    (".Today(YYYY-MM-DD)", "2026-05-01"),
    (".Today.Is(2026-05-01)", True),
    (".Now.Advance(90 minutes)", utc(2026, 5, 1, 11, 0)),
    (".Now.Advance(1 second)", utc(2026, 5, 1, 9, 30, 1)),
    (".Now.Advance($future)", X["future"]),
    ("$past.Advance(0:30)", utc(2026, 4, 1, 0, 0, 30)),
    ("$past.Advance(1:00:00)", utc(2026, 4, 1, 1)),
    ("$leap.Advance(1 year)", utc(2029, 2, 28, 12)),
    (".Advance(2026-01-31, 1 month)", utc(2026, 2, 28)),
    ("$past.Advance($past.Diff($future))", X["future"]),
    ("$e.Advance(1 day)", None),
    (".Now.GoBack(1 day)", utc(2026, 4, 30, 9, 30)),
    (".GoBack(2026-03-31, 1 month)", utc(2026, 2, 28)),
    ("$e.GoBack(1 day)", None),
    ("$past.Add(1 month)", utc(2026, 5, 1)),
    ("$past.Minus(1 day)", utc(2026, 3, 31)),
    ("$past.Plus(1 week)", utc(2026, 4, 8)),
    ("$future.IsAfter($past)", True),
    ("$past.IsAfter($past)", False),
    ("$e.IsAfter($past)", False),
    ("$past.IsAfter($e)", False),
    ("$past.IsBefore($future)", True),
    ("$past.IsBefore($e)", False),
    ("$e.IsBefore($past)", False),
    ("$past.IsPast", True),
    ("$future.IsPast", False),
    (".Now.IsPast", True),
    ("$e.IsPast", False),
    ("$future.IsFuture", True),
    (".Now.IsFuture", False),
    ("$e.IsFuture", False),
    (".IsTime('2026-05-01T09:30:00Z')", True),
    (".IsTime('2026-02-30')", False),
    (".IsTime('3 days')", False),
    ("$past.IsTime", True),
    ("$n.IsTime", False),
    (".This(day).From", utc(2026, 5, 1)),
    (".This(week).From", utc(2026, 4, 27)),
    (".This(week).Days", 7),
    (".This(month).To", utc(2026, 6, 1)),
    (".This(year).Days", 365),
    (".Previous(month).From", utc(2026, 4, 1)),
    (".Previous(month).To", utc(2026, 5, 1)),
    (".Previous(2 months).From", utc(2026, 3, 1)),
    (".Previous(day).Hours", 24),
    (".Previous(hour).From", utc(2026, 5, 1, 8)),
    (".Last(day).Seconds", 86400),
    (".Last(month).From", utc(2026, 4, 1, 9, 30)),
    (".Last(2 weeks).To", NOW),
    ("$past.Diff($future).Days", 61),
    ("$past.Diff($future).Months", 2),
    ("$past.Diff($future).Years", 0),
    ("$future.Diff($past).Days", -61),
    ("$past.Diff($past).Time", "0:00:00"),
    ("$past.Diff(2026-04-01T01:02:03Z).Time", "1:02:03"),
    ("$past.Diff(2026-04-03T01:02:03Z).Verbose", "2 days 1 hour"),
    ("$past.Diff(2026-04-03T01:02:03Z).Verbose(1)", "2 days"),
    ("$past.Diff($past).Verbose", "0 seconds"),
    ("$e.Verbose", None),
]
REFUSALS: list[tuple[str, str]] = [
    ("$t.IsAfter($past)", "'Maps' is not a time"),
    ("$past.IsBefore(3)", "'3' is not a time"),
    ("$n.IsPast", "'3' is not a time"),
    ("$l.IsFuture", '\'["a","b"]\' is not a time'),
    (".Now.Advance(soon)", "'soon' is not a period"),
    (".Now.Advance($l)", ".Advance takes a period such as 3 hours, not a list"),
    (".Now.GoBack($past.IsPast)", "'True' is not a period"),
    ("$past.Add(99999999 years)", "the period 99999999 years leads out of time"),
    (
        ".This(fortnight)",
        ".This takes a minute, hour, day, week, month or year, not 'fortnight'",
    ),
    (".This(2 days)", ".This takes one unit, such as month"),
    (
        ".Previous()",
        ".Previous takes 1 arguments",
    ),
    (".Now(soon)", ".Now writes YYYY, MM, DD, HH, mm, ss, or UTC, not 'soon'"),
    ("$t.Verbose", ".Verbose tells of a period, not text"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected)


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message)


class InChat:
    """A context whose person lives somewhere."""

    def __init__(self, zone: str) -> None:
        self.zone = zone

    def now(self) -> datetime:
        return datetime(2026, 3, 29, 22, 30, tzinfo=UTC)

    def new_uuid(self) -> str:
        return ""

    def system(self, name: str, /) -> Any:
        return {"Timezone": self.zone} if name == "Chat" else None


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        ("Asia/Tokyo", datetime(2026, 3, 29, 15, tzinfo=UTC)),
        ("Europe/Lisbon", datetime(2026, 3, 29, 0, tzinfo=UTC)),  # summer time begins that day
        ("", datetime(2026, 3, 29, tzinfo=UTC)),
        ("../../etc/passwd", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Nowhere/Land", datetime(2026, 3, 29, tzinfo=UTC)),
    ],
)
def test_days_begin_where_the_person_is(zone: str, today: datetime) -> None:
    assert moments.today(InChat(zone), None) == today


def test_a_day_of_summer_time_has_23_hours() -> None:
    assert moments.this(InChat("Europe/Lisbon"), None, "day")["Hours"] == 23


def test_time_is_one_within_a_command() -> None:
    check(".Now.Is(.Now)", True)
