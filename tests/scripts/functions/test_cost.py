"""What functions cost: fed with the largest values, each ends soon or says that it is too much.

Every function of the table is fed, so a new one is, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from scripts.functions import FUNCTIONS, Function
from scripts.items.rules import outside
from scripts.language.cost import Cost
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Later, Scope, apply
from scripts.language.limits import limits
from scripts.language.work import Meter, metered

ALLOWANCE = 200_000  # a fifth of what a step has, so that the table is gone through in a minute
SECONDS = 1.0  # of CPU, for that fifth; a lease is ten
NOW = datetime(2026, 5, 1, tzinfo=UTC)
LONG = limits.text_characters
MANY = limits.list_items


def _deep(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = [value, value]  # shared: small here, and 2 to the depth for who goes through it
    return value


VALUES: dict[str, Any] = {
    "nothing": None,
    "one": 1,
    "text": "a" * LONG,
    "blanks": "5" + " " * (LONG - 2) + "!",
    "digits": "9" * LONG,
    "dots": "a." * (LONG // 2),
    "accents": "e\u0301" * (LONG // 2),
    "emoji": "\U0001f468\u200d" * (LONG // 2),
    "pem": "-----BEGIN A-----" + " " * (LONG - 30),
    "base64": "QUFB" * (LONG // 4),
    "numbers": [10**100 + at for at in range(MANY)],
    "texts": [f"text number {at}" for at in range(MANY)],
    "times": [NOW + timedelta(seconds=at) for at in range(MANY)],
    "maps": [{"A": at, "B": f"b{at}", "C": [at]} for at in range(MANY)],
    "lists": [[at, str(at)] for at in range(MANY)],
    "nested": [[*range(299), str(at)] for at in range(300)],
    "map": {f"k{at}": {"A": at} for at in range(MANY)},
    "period": {"From": NOW, "To": NOW + timedelta(days=1)},
    "decimal": Decimal("1." + "3" * 119),
    "doubled": _deep(40),
}
SCOPE = replace(outside(None), holders=VALUES)
ARGUMENTS = ("one", "blanks", "texts", "maps", "doubled")


def _calls(function: Function) -> Iterator[list[str]]:
    if function.fewest == 0:
        yield []
    if function.most >= 1 and function.fewest <= 1:
        yield from ([name] for name in ARGUMENTS)
    if function.most >= 2:
        count = max(function.fewest, min(function.most, 50))
        yield from ([name] * count for name in ("texts", "maps"))


def _arguments(function: Function, names: list[str], scope: Scope) -> list[Any]:
    if not function.is_later:
        return [VALUES[name] for name in names]
    return [Later(["holder", name], scope) for name in names]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_ends_soon_whatever_it_is_fed(name: str) -> None:
    function, slow = FUNCTIONS[name], []
    for subject, names in product(VALUES, _calls(function)):
        began = time.thread_time()
        try:
            with metered(Meter(ALLOWANCE)):
                apply(name, VALUES[subject], _arguments(function, names, SCOPE), SCOPE)
        except ScriptError:
            pass  # anything else is a fault of ours
        if time.thread_time() - began > SECONDS:
            slow.append((subject, names[:2], time.thread_time() - began))
    assert slow == []


def test_function_that_looks_at_no_parts_is_not_charged_for_them() -> None:
    flat = [name for name, each in FUNCTIONS.items() if each.cost is Cost.FLAT]
    for name in {*flat} - {"Require", "If", "UUID", "Key", "Value"}:
        meter = Meter(limits.step_work)
        with metered(meter):
            apply(name, VALUES["texts"], [] if not FUNCTIONS[name].fewest else [1], SCOPE)
        assert meter.spent < 20, name
    assert len(flat) > 10


def test_nothing_is_counted_where_no_machine_is_at_work() -> None:
    assert apply("Length", ["a"] * 50, [], SCOPE) == 50
