"""One row or more for every function; a function without a row fails."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from scripts.functions import FUNCTIONS
from scripts.language.errors import ScriptError
from tests.scripts.language.world import NOW, UUID, value_of

X: dict[str, Any] = {
    "n": 3,
    "t": "Maps",
    "l": ["a", "b"],
    "m": {"A": 1, "B": 2},
    "e": None,
    "past": datetime(2026, 4, 1, tzinfo=UTC),
    "future": datetime(2026, 6, 1, tzinfo=UTC),
    "u": UUID,
    "d": "Library.test",
    "s": ".HOST/BOOKING",
    "yes": True,
}
ROWS: list[tuple[str, Any]] = [
    ("$n.Add(4)", 7),
    ("$n.Add(0.5)", Decimal("3.5")),
    ("$t.Add(!)", "Maps!"),
    ("$l.Add(c)", ["a", "b", "c"]),
    ("$past.Add(1 month)", datetime(2026, 5, 1, tzinfo=UTC)),
    (".Now.Advance(90 minutes)", datetime(2026, 5, 1, 11, 0, tzinfo=UTC)),
    (".Now.Advance($future)", X["future"]),
    ("$past.Advance(0:30)", datetime(2026, 4, 1, 0, 0, 30, tzinfo=UTC)),
    (".Now.GoBack(1 day)", datetime(2026, 4, 30, 9, 30, tzinfo=UTC)),
    ("$t.Contains(ap)", True),
    ("$l.Has(b)", True),
    ("$l.Has(c)", False),
    ("$e.Contains(x)", False),
    ("$e.Default(x)", "x"),
    ("$t.Default(x)", "Maps"),
    ("$l.First", "a"),
    ("$t.First(2)", "Ma"),
    ("$l.First(5)", ["a", "b"]),
    ("$l.Last", "b"),
    ("$t.Last(2)", "ps"),
    ("$n.Is(3)", True),
    ("$n.Is(3.0)", True),
    ("$t.Is(maps)", False),
    ("$d.Is(library.TEST)", True),
    ("$s.Is('pollyweb.org/HOST/BOOKING:1.0')", True),
    ("$yes.Is(True)", True),
    ("$e.Is(x)", False),
    ("$n.IsNot(4)", True),
    ("$e.IsNot(4)", False),
    ("$n.IsAbove(2)", True),
    ("$e.IsAbove(2)", False),
    ("$l.IsBelow(3)", True),
    ("$n.IsBelow(3)", False),
    ("$future.IsAfter($past)", True),
    ("$e.IsAfter($past)", False),
    ("$past.IsBefore($future)", True),
    ("$past.IsBefore($e)", False),
    ("$past.IsPast", True),
    ("$future.IsPast", False),
    ("$e.IsPast", False),
    ("$future.IsFuture", True),
    ("$e.IsFuture", False),
    ("$yes.IsBool", True),
    ("$n.IsBool", False),
    ("$d.IsDomain", True),
    ("$t.IsDomain", False),
    ("$e.IsEmpty", True),
    ("$n.IsEmpty", False),
    ("$t.IsNotEmpty", True),
    ("$l.IsEnum", True),
    ("$n.IsEnum", False),
    ("$t.IsIn(Maps, Books)", True),
    ("$t.IsIn(ap)", False),
    ("$l.IsIn([a, b, c])", True),
    ("$e.IsIn(a)", False),
    ("$t.IsNotIn(Books)", True),
    ("$e.IsNotIn(Books)", False),
    ("$t.IsLanguage", False),
    (".IsLanguage(pt-br)", True),
    ("$l.IsList", True),
    ("$t.IsList", False),
    ("$n.IsNum", True),
    (".IsNum(1.5)", True),
    ("$t.IsNum", False),
    ("$s.IsSchema", True),
    (".IsSchema(PALM/16+)", False),
    ("$t.IsText", True),
    ("$n.IsText", False),
    (".IsTime('2026-05-01T09:30:00Z')", True),
    (".IsTime('3 days')", False),
    ("$u.IsUUID", True),
    ("$t.IsUUID", False),
    ("$t.Length", 4),
    ("$m.Length", 2),
    ("$e.Length", 0),
    (".Locator('.HOST,library.test,card,page=2').Key", "card"),
    (".Locator('.HOST,library.test,card,page=2').Inputs.page", "2"),
    (".Lower([3, 1, 2])", "1"),
    (".Now", NOW),
    ("$t.IsEmpty.Or.IsText", True),
    ("$n.IsEmpty.Or.IsText", False),
    (".Or($e, $yes)", True),
    ("$t.Require", "Maps"),
    ("$s.Schema().Path", "HOST/BOOKING"),
    (".UUID", UUID),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    found = value_of(expression, **X)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$e.Require", "a required value is empty"),
        ("$t.IsAbove(1)", "only numbers are above or below each other"),
        ("$t.IsAfter($past)", "'Maps' is not a time"),
        (".Now.Advance(soon)", "'soon' is not a period"),
        ("$t.Schema()", "'Maps' is not a schema code"),
        ("$t.Locator()", "'Maps' is not a locator"),
        ("$n.First", "only texts and lists have a first and a last"),
        ("$l.First(x)", "the count must be a whole number"),
        ("$l.Lower", "Lower needs numbers, or times"),
        ("$t.Is()", ".Is takes 1 arguments"),
        ("$m.Add(1)", "only a map can be added to a map"),
        ("$past.Add(99999999 years)", "the period 99999999 years leads out of time"),
    ],
)
def test_function_refuses(expression: str, message: str) -> None:
    with pytest.raises(ScriptError) as refused:
        value_of(expression, **X)
    assert refused.value.message == message


def test_every_function_has_a_row() -> None:
    tested = {name for row in ROWS for name in re.findall(r"\.([A-Z]\w+)", row[0])}
    assert set(FUNCTIONS) - tested == set()
