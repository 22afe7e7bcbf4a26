"""Exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from scripts.functions.numbers import random
from tests.scripts.functions.check import check, refuse
from tests.scripts.functions.holders import X

ROWS: list[tuple[str, Any]] = [
    ("$n.Add(4)", 7),
    ("$n.Add(0.1)", Decimal("3.1")),
    (".Add(0.1, 0.2)", Decimal("0.3")),
    ("$n.Add(5%)", Decimal("3.15")),
    ("$n.Add([1, 2])", 6),
    ("$n.Plus(4)", 7),
    ("$n.Minus(4)", -1),
    ("$n.Minus(50%)", Decimal("1.5")),
    ("$dec.Minus(0.5)", 2),
    ("$n.Sum(1, 2)", 6),
    ("$n.Sum(10%)", Decimal("3.3")),
    ("$nums.Sum", 6),
    ("$e.Sum(2)", 2),
    ("$none.Sum", 0),
    ("$big.Sum($big)", 2 * int("9" * 40)),
    ("$n.Times(0.1)", Decimal("0.3")),
    ("$big.Times($big)", int("9" * 40) ** 2),
    ("$e.Times(2)", None),
    ("$n.Calculate(2x)", 6),
    ("$n.Calculate(5%)", Decimal("0.15")),
    ("$n.Calculate(1/3)", 1),
    ("$n.Calculate(0.5)", Decimal("1.5")),
    (".Calculate(10, 1/3)", Decimal("3.33333333333333333333")),
    (".Calculate(1, 1/8)", Decimal("0.125")),
    ("$e.Calculate(2x)", None),
    ("$dec.Round", 3),
    (".Round(-2.5)", -3),
    (".Round(2.345, 2)", Decimal("2.35")),
    (".Round(1250, -2)", 1300),
    ("$e.Round", None),
    ("$n.Higher(4)", 4),
    ("$nums.Higher", 3),
    ("$past.Higher($future)", X["future"]),
    ("$e.Higher", None),
    ("$n.Lower(4)", 3),
    ("$nums.Lower", 1),
    (".Lower([3, 1, 2])", 1),
    ("$past.Lower($future)", X["past"]),
    ("$none.Lower", None),
    (".Random(4, 4)", 4),
    (".Random(0.5, 0.5, 1)", Decimal("0.5")),
    ("$n.Diff(5)", 2),
    ("$n.Take(50%)", Decimal("1.5")),
]
REFUSALS: list[tuple[str, str]] = [
    ("$n.Sum(soon)", ".Sum takes numbers, or formulas such as 5% or 1/3, not 'soon'"),
    ("$t.Sum(1)", ".Sum takes numbers, not text"),
    ("$n.Sum($m)", ".Sum takes numbers, or formulas such as 5% or 1/3, not a map"),
    ("$t.Times(2)", ".Times takes numbers, not text"),
    ("$n.Times($yes)", ".Times takes numbers, not a Bool"),
    ("$n.Calculate(1/0)", ".Calculate cannot divide by zero"),
    ("$t.Calculate(2x)", ".Calculate takes numbers, not text"),
    ("$n.Round(x)", ".Round takes a whole number from -40 to 40, not 'x'"),
    ("$t.Round", ".Round takes numbers, not text"),
    ("$l.Lower", ".Lower compares numbers, or times, not text"),
    ("$m.Higher", ".Higher compares numbers, or times, not a map"),
    (
        ".Random(9, 1)",
        ".Random takes the lowest and the highest number, with no more decimals than asked for",
    ),
    (
        ".Random(0.5, 2)",
        ".Random takes the lowest and the highest number, with no more decimals than asked for",
    ),
    (".Random(a, 2)", ".Random takes numbers, not text"),
    ("$big.Times($big).Times($big).Times($big)", "a number has at most 120 digits"),
    ("$n.Minus(x)", ".Minus takes numbers, or formulas such as 5% or 1/3, not 'x'"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected)


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message)


def test_random_numbers_come_from_the_whole_range_and_never_from_outside() -> None:
    ids = iter(range(10_000))

    class Source:
        def new_uuid(self) -> str:
            return str(next(ids))

    drawn = {random(Source(), None, 1, 6) for _ in range(500)}  # type: ignore[arg-type]
    assert drawn == {1, 2, 3, 4, 5, 6}
