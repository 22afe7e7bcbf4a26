"""Equality, membership and order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scripts.functions.check import check, refuse
from tests.scripts.functions.holders import X

ROWS: list[tuple[str, Any]] = [
    ("$n.Is(3)", True),
    ("$n.Is(3.0)", True),
    ("$dec.Is(2.5)", True),
    ("$num.Is(7)", False),
    ("$t.Is(maps)", False),
    ("$d.Is(library.TEST)", True),
    ("$domain.Is(LIBRARY.test)", True),
    ("$u.Is('5F2B8C52-6A0A-4C0F-8A0E-4E2F6F0A1002')", True),
    ("$s.Is('pollyweb.org/HOST/BOOKING:1.0')", True),
    ("$s.Is('pollyweb.org/HOST/BOOKING:1.1')", False),
    ("$yes.Is(True)", True),
    ("$yes.Is(Yes)", True),
    ("$no.Is(False)", True),
    ("$l.Is([b, a])", True),
    ("$l.Is([b, b])", False),
    ("$m.Is({B: 2, A: 1})", True),
    ("$m.Is({A: 1})", False),
    ("$e.Is(x)", False),
    ("$e.Is($e)", False),
    ("$past.Is(2026-04-01)", True),
    (".Now.Is(.Today)", True),
    ("$past.Is(.Today)", False),
    ("$n.IsNot(4)", True),
    ("$n.IsNot(3)", False),
    ("$e.IsNot(4)", False),
    ("$t.Equals(Maps)", True),
    ("$d.Equals(library.test)", False),
    ("$n.Equals(3.0)", True),
    ("$l.Equals([b, a])", False),
    ("$l.Equals([a, b])", True),
    ("$m.Equals({B: 2, A: 1})", False),
    ("$m.Equals($m)", True),
    ("$e.Equals($e)", False),
    ("$t.Differs(maps)", True),
    ("$t.Differs(Maps)", False),
    ("$e.Differs(Maps)", False),
    ("$t.IsIn(Maps, Books)", True),
    ("$t.IsIn(ap)", False),
    ("$t.IsIn([ap])", False),
    ("$n.IsIn(1, 2, 3)", True),
    ("$num.IsIn(7)", False),
    ("$l.IsIn([a, b, c])", True),
    ("$l.IsIn([a])", False),
    ("$d.IsIn(library.test)", True),
    ("$emoji.IsIn('👍🏽👎')", True),
    ("$t.IsIn('👍🏽👎')", False),
    (".IsIn(A, $m)", True),
    (".IsIn(C, $m)", False),
    ("$single.IsIn($m)", True),
    ("$pair.IsIn($m)", True),
    (".Now.IsIn(.This(month))", True),
    ("$future.IsIn(.This(month))", False),
    ("$e.IsIn(a)", False),
    ("$m.IsIn([$m])", True),
    ("$t.In(Maps)", True),
    ("$e.In(Maps)", False),
    ("$t.IsNotIn(Books)", True),
    ("$t.IsNotIn(Maps)", False),
    ("$e.IsNotIn(Books)", False),
    ("$t.NotIn(Books)", True),
    ("$e.NotIn(Books)", False),
    ("$t.Contains(ap)", True),
    ("$t.Contains(AP)", False),
    ("$l.Contains(b)", True),
    ("$nums.Contains(2)", True),
    ("$m.Contains(A)", True),
    ("$m.Contains(C)", False),
    ("$m.Contains('A:1')", True),
    ("$m.Contains('A:2')", False),
    ("$m.Contains({A: 1})", True),
    ("$books.Contains({Title: Maps})", False),
    (".This(month).Contains(.Now)", True),
    ("$e.Contains(x)", False),
    ("$t.Contains($e)", False),
    ("$l.Has(b)", True),
    ("$l.Has(c)", False),
    ("$t.StartsWith(Ma)", True),
    ("$t.StartsWith(ma)", False),
    ("$l.StartsWith(a)", True),
    ("$l.StartsWith([a, b])", True),
    ("$one.StartsWith([a, b])", False),
    ("$e.StartsWith(a)", False),
    ("$n.IsAbove(2)", True),
    ("$n.IsAbove(3)", False),
    ("$n.IsAbove(2.9999999999999999999)", True),
    ("$l.IsAbove(1)", True),
    ("$l.IsAbove($one)", True),
    ("$e.IsAbove(2)", False),
    ("$n.IsAbove($e)", False),
    ("$zero.IsBelow(1)", True),
    ("$l.IsBelow(3)", True),
    ("$n.IsBelow(3)", False),
    ("$n.IsAtLeast(3)", True),
    ("$n.IsAtLeast(3.1)", False),
    ("$e.IsAtLeast(0)", False),
    ("$n.IsAtMost(3)", True),
    ("$n.IsAtMost(2)", False),
    ("$e.IsAtMost(9)", False),
    ("$n.IsBetween(3, 3)", True),
    ("$n.IsBetween(4, 9)", False),
    ("$e.IsBetween(1, 2)", False),
    (".Now.IsBetween($past, $future)", True),
    ("$past.IsBetween(.Now, $future)", False),
]
REFUSALS: list[tuple[str, str]] = [
    ("$t.IsAbove(1)", ".IsAbove compares numbers or lengths, not text"),
    ("$past.IsAbove(1)", ".IsAbove compares numbers or lengths, not a time"),
    ("$n.IsBelow(soon)", ".IsBelow compares numbers or lengths, not text"),
    ("$m.IsAtLeast(1)", ".IsAtLeast compares numbers or lengths, not a map"),
    ("$yes.IsAtMost(1)", ".IsAtMost compares numbers or lengths, not a Bool"),
    ("$t.IsBetween(1, 2)", ".IsBetween compares numbers or lengths, not text"),
    ("$past.IsBetween(1, 2)", ".IsBetween compares a time with two times"),
    ("$n.Contains(3)", ".Contains looks into text, lists, maps and periods, not a number"),
    ("$t.Contains($l)", ".Contains looks for text in text, not a list"),
    ("$t.IsIn(.This(day))", ".IsIn asks of a period whether a time is in it, not text"),
    ("$n.StartsWith(3)", ".StartsWith compares the beginning of text and lists, not a number"),
    ("$t.Is()", ".Is takes 1 arguments"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected)


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message)


def test_lists_of_lists_in_any_order_are_limited() -> None:
    many = [[1]] * 301
    refuse(
        "$many.Is($other)",
        "lists of more than 300 are compared in any order only as texts",
        many=many,
        other=[*many[1:], [2]],
    )
    assert X["l"] == ["a", "b"]


def test_membership_of_ten_thousand_in_ten_thousand_takes_no_time() -> None:
    check("$a.IsIn($b)", True, a=[str(n) for n in range(10_000)], b=list(range(10_000)))
