"""Truth, choices and types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scripts.functions.check import check, refuse
from tests.scripts.functions.holders import X
from tests.scripts.language.world import UUID

ROWS: list[tuple[str, Any]] = [
    (".AllOf($t, $yes)", True),
    (".AllOf($t, $no)", False),
    (".AllOf($t.Is(Maps), $n.IsAbove(2))", True),
    ("$m.AllOf(A, B.Is(2))", True),
    ("$m.AllOf({A: 1, B: 3})", False),
    (".AllOf($e)", False),
    (".AnyOf($e, $t)", True),
    (".AnyOf($e, $no)", False),
    ("$m.AnyOf(C, A)", True),
    (".OneOf($e, $t)", True),
    (".OneOf($n, $t)", False),
    (".OneOf($e, $no)", False),
    (".Assert($t)", True),
    (".Assert($e)", False),
    (".Assert($no)", False),
    (".Assert($t.Is(Maps))", True),
    (".Assert(.IsAbove($n, 2))", True),
    (".Assert({$t: Maps})", True),
    (".Assert({$t: Bees})", False),
    (".If($yes, A, B)", "A"),
    (".If($no, A, B)", "B"),
    (".If($e, A)", None),
    (".If($zero, A, B)", "A"),
    (".If($t.Is(Maps), $n, $m)", 3),
    ("$t.If(.IsEmpty, A, B)", "B"),
    ("$e.If(.IsEmpty, A, B)", "A"),
    ("$n.If(.IsAbove(2), A, B)", "A"),
    (".If({Assert: $yes, Then: A, Else: B})", "A"),
    (".If({Assert: $no, Then: A})", None),
    (".If($yes, A, $e.Require)", "A"),
    ("$e.Default(x)", "x"),
    ("$blank.Default($e, x)", "x"),
    ("$t.Default(x)", "Maps"),
    ("$zero.Default(x)", 0),
    ("$no.Default(x)", False),
    ("$e.Default", None),
    ("$t.Exists", True),
    ("$none.Exists", False),
    ("$e.IsEmpty", True),
    ("$blank.IsEmpty", True),
    ("$none.IsEmpty", True),
    ("$zero.IsEmpty", False),
    ("$no.IsEmpty", False),
    ("$domain.IsEmpty", False),
    ("$t.IsNotEmpty", True),
    ("$e.IsNotEmpty", False),
    ("$t.IsEmpty.Or.IsText", True),
    ("$n.IsEmpty.Or.IsText", False),
    (".Or($e, $yes)", True),
    (".Or($e, $no)", False),
    ("$t.Require", "Maps"),
    ("$m.A.Require", 1),
    ("$zero.Require", 0),
    (".UUID", UUID),
    ("$yes.IsBool", True),
    (".IsBool(No)", True),
    ("$n.IsBool", False),
    ("$e.IsBool", False),
    ("$flags.IsBool(A)", True),
    ("$flags.IsBool(A, B)", False),
    ("$l.IsEnum", True),
    ("$t.IsEnum", True),
    ("$n.IsEnum", False),
    ("$e.IsEnum", False),
    ("$l.IsList", True),
    ("$none.IsList", True),
    ("$t.IsList", False),
    ("$e.IsList", False),
    ("$n.IsNum", True),
    (".IsNum(1.5)", True),
    (".IsNum(1e5)", False),
    ("$yes.IsNum", False),
    ("$t.IsNum", False),
    ("$e.IsNum", False),
    ("$t.IsText", True),
    ("$n.IsText", False),
    ("$e.IsText", False),
    (".Inputs.t", "Maps"),
]
REFUSALS: list[tuple[str, str]] = [
    ("$e.Require", "$e is empty"),
    ("$m.C.Require", "$m.C is empty"),
    (".Require($e)", "a required value is empty"),
    (".If($yes)", ".If takes Assert, Then and Else"),
    (".If({Assert: $yes, Them: A})", ".If takes Assert, Then and Else"),
    (".AllOf()", ".AllOf takes 1 to 50 arguments"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected, flags=[{"A": True, "B": 3}, {"A": False, "B": True}])


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message)


def test_inputs_are_those_of_the_script() -> None:
    check(".Inputs", X)
