"""Searches of datasets: the database leaves rows out, and what is found is as without it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection

from messaging import clock
from scripts.items import defining, searching
from scripts.items.definition import read_definition
from scripts.items.rules import outside
from scripts.language.checking import Assertion
from scripts.language.errors import ScriptError
from scripts.language.limits import lent, limits
from scripts.language.values import Item as Row
from scripts.language.values import encode
from scripts.language.work import Meter, metered
from scripts.models import Item, ItemSet
from tests.hosting import host
from tests.scripts.commands.play import error, value
from tests.scripts.engine import DOMAIN

pytestmark = pytest.mark.django_db(transaction=True)

LOANS = """
Prefix: Library
Table: Loans
Item: Loan
Views:
    OPEN:
        .State.IsIn: OPEN, LATE
    THICK:
        Pages.IsAbove: 8
        Reader: r3
"""
MANY = 10_003
FIVE = 5


@pytest.fixture
def loans() -> ItemSet:
    host(DOMAIN)
    return defining.save_set(domain=DOMAIN, source=LOANS)


def fill(owner: ItemSet, rows: list[dict[str, Any]], states: list[str] | None = None) -> None:
    """Insert rows as they are stored, also such as only the release before could have left."""
    now = clock.now()
    made = []
    for at, data in enumerate(rows):
        state = states[at] if states else ""
        row = Item(set=owner, state=state, data=data, version=1, created_at=now, updated_at=now)
        row.key = str(row.pk)
        made.append(row)
    Item.objects.bulk_create(made, batch_size=500)


@pytest.fixture
def long(loans: ItemSet) -> ItemSet:
    rows = [{"Reader": f"r{at}", "Pages": "9"} for at in range(MANY)]
    fill(loans, rows, ["OPEN" if at % 2000 == 3 else "DONE" for at in range(MANY)])
    assert Item.objects.filter(state="OPEN").count() == FIVE
    return loans


def read(commands: str, **holders: Any) -> tuple[Any, int]:
    """Return what a script returns, and how many rows its searches have read."""
    with mock.patch.object(searching, "value_of", wraps=searching.value_of) as looked:
        found = value(commands, **holders)
    return found, looked.call_count


# -- a long dataset -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "answer", "most"),
    [
        ("- SELECT Library.Loans.OPEN >> $x\n- RETURN: $x.Length", FIVE, 10),
        ("- SELECT >> $x:\n    From: Library.Loans.OPEN\n- RETURN: $x.Length", FIVE, 10),
        (
            "- SELECT >> $x:\n    From: Library.Loans\n    Where:\n        Reader: r77\n"
            "- RETURN: $x.Length",
            1,
            5,
        ),
        (
            "- SELECT >> $x:\n    Exists: ''\n    From: Library.Loans.OPEN\n    Where:\n"
            "        reader: $.Inputs.Reader\n- RETURN: $x",
            True,
            5,
        ),
        (
            "- SELECT Library.Loans.OPEN >> $all\n- FILTER $all >> $x:\n    Reader: r2003\n"
            "- RETURN: $x.Length",
            1,
            10,
        ),
    ],
)
def test_long_dataset_is_searched_by_the_database(
    long: ItemSet, select: str, answer: Any, most: int
) -> None:
    began = time.perf_counter()
    found, looked = read(select, Reader="r2003")
    assert found == answer
    assert looked <= most
    assert time.perf_counter() - began < 1.5  # seconds, with all of the engine around it


def test_what_the_database_cannot_answer_is_looked_through(long: ItemSet) -> None:
    """Also what stands behind it: an earlier condition may raise, and must."""
    found, looked = read("- SELECT Library.Loans.THICK >> $x\n- RETURN: $x.Length")
    assert (found, looked >= MANY) == (1, True)


def test_too_many_is_told_of_what_matches(long: ItemSet) -> None:
    assert error("- SELECT Library.Loans >> $x").endswith(
        f"Library.Loans: more than {limits.list_items} rows match"
    )
    with lent(list_items=3):
        assert error("- SELECT Library.Loans.OPEN >> $x").endswith(
            "the view OPEN of Library.Loans: more than 3 rows match"
        )


def test_search_that_takes_too_long_says_how_far_it_came(long: ItemSet) -> None:
    definition = read_definition(LOANS, "Library.Loans")
    with metered(Meter(20_000)), pytest.raises(ScriptError, match=r"had looked at \d{3,4} rows"):
        searching.search(long, definition, "THICK")


def test_more_conditions_than_a_database_takes(loans: ItemSet) -> None:
    fill(loans, [{"Key": "a"}, {"Key": "b"}, {"Key": "1"}])
    many = {f"v{at}": str(at) for at in range(100)}
    asked = line("Key", "IsIn", *many)
    assert compare(loans, asserting([asked] * 1000, **many)) == 2
    many |= {f"v{at}": str(at) for at in range(300)}
    assert compare(loans, asserting([line("Key", "IsIn", *many)], **many)) == 0


# -- the database's answer is the language's ----------------------------------------------------

NUMBER = Decimal("3.50")
VALUES: list[Any] = [
    None,
    "",
    " ",
    "\u00a0",
    "a",
    "A",
    "aa",
    "é",
    "É",
    "\U0001f600",
    "\U0001f600\U0001f601",
    "a'b\"c\\d%s{}",
    "1",
    "01",
    " 1 ",
    "1.0",
    "\u0661",
    "-0",
    0,
    1,
    -1,
    True,
    False,
    "true",
    " Yes",
    "no",
    2**53,
    2**53 + 1,
    str(2**53 + 1),
    10**30,
    str(10**30),
    NUMBER,
    "3.5",
    Decimal(1),
    datetime(2026, 1, 2, tzinfo=UTC),
    "2026-01-02",
    "2026-01-02T00:00:00Z",
    "alice.test",
    "Alice.TEST",
    "\u212aino.test",
    "kino.test",
    "a3bb189e-8bf9-4c1e-9d3a-1f2e3d4c5b6a",
    "A3BB189E-8BF9-4C1E-9D3A-1F2E3D4C5B6A",
    "alice.test/Card",
    "ALICE.test/Card:1.0",
    ".TOKEN",
    "pollyweb.org/TOKEN",
    [],
    ["a"],
    ["a", "1"],
    [1],
    [["a"]],
    {},
    {"b": "a"},
    {"$": "a"},
    {"$": ""},
    {"$num": "a"},
]
LITE_ONLY: list[Any] = ["a\x00", "a\x00b", "\ud800"]  # PostgreSQL keeps no such text
NAMES = ["Key", "key", "KEY", "\u212aey", "State", "Straße", "$Key", "K\\ey", 'K"ey', "Other"]
ASKED = ["Key", "kEY", "State", "STATE", "Straße", "Other", "$Key", "ID"]


def stored() -> list[Any]:
    return VALUES + (LITE_ONLY if connection.vendor == "sqlite" else [])


def asserting(lines: list[Any], **holders: Any) -> Assertion:
    compiled = {"context": None, "error": None, "lenient": False, "lines": lines}
    scope = outside(None)
    scope.holders.update(holders)
    return Assertion(compiled, scope)


def line(name: str, function: str, *holders: str) -> list[Any]:
    if function == "some":
        return ["some", name, ["field", [name]]]
    given: list[Any] = [["holder", each] for each in holders]
    if function == "IsIn":
        given = [["list", given]]
    return ["test", name, ["field", [name]], [[function, given]]]


def answers(owner: ItemSet, where: Assertion, *, narrowed: bool) -> tuple[list[str], int]:
    """Return what a search finds, or its error, and how many rows it looked at."""
    seen = 0

    def keep(row: Any) -> bool:
        nonlocal seen
        seen += 1
        return where.holds(Row(row.fields, set="Library.Loans", key=row.key))

    definition = read_definition(LOANS, "Library.Loans")
    try:
        found = searching.search(owner, definition, "", keep, where if narrowed else None)
    except ScriptError as odd:
        return [odd.message], seen
    return [row.key for row in found], seen


def compare(owner: ItemSet, where: Assertion) -> int:
    """Assert that both ways of a search find the same; return how many rows were left out."""
    narrow, seen = answers(owner, where, narrowed=True)
    plain, whole = answers(owner, where, narrowed=False)
    assert narrow == plain, (where.compiled["lines"], where.scope.holders)
    return whole - seen


def test_every_value_is_compared_as_the_language_does(loans: ItemSet) -> None:
    values = stored()
    fill(loans, [{"Key": encode(each)} for each in values] + [{}])
    left_out = 0
    for each in stored():
        for asked in (line("key", "Is", "v"), line("key", "IsIn", "v", "w")):
            left_out += compare(loans, asserting([asked], v=each, w="aa"))
    for function in ("IsEmpty", "IsNotEmpty", "some"):
        left_out += compare(loans, asserting([line("key", function)]))
    assert left_out > 2000  # of some 7,000: lists, maps, and what spells another type, may match


def test_every_state_is_compared_as_the_language_does(loans: ItemSet) -> None:
    states = [each for each in VALUES if isinstance(each, str) and len(each) <= 50]
    fill(loans, [{}] * len(states), states)
    left_out = 0
    for each in VALUES:
        left_out += compare(loans, asserting([line("State", "Is", "v")], v=each))
    for function in ("IsEmpty", "IsNotEmpty", "some"):
        left_out += compare(loans, asserting([line("State", function)]))
    assert left_out > len(states) ** 2 // 2


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_any_shape_are_found_as_the_language_finds_them(loans: ItemSet, seed: int) -> None:
    chance = random.Random(seed)
    values = stored()
    rows, states = [], []
    for _ in range(150):
        names = chance.sample(NAMES, chance.randint(0, 3))
        rows.append(encode({name: chance.choice(values) for name in names}))
        states.append(chance.choice(["", "OPEN", "a", "1", "alice.test", "true"]))
    fill(loans, rows, states)
    left_out = 0
    for _ in range(150):
        lines: list[Any] = []
        holders: dict[str, Any] = {}
        for at in range(chance.randint(1, 3)):
            holders |= {f"v{at}": chance.choice(values), f"w{at}": chance.choice(values)}
            function = chance.choice(
                ["Is", "IsIn", "IsIn", "IsNot", "IsEmpty", "IsNotEmpty", "some", "Equals"]
            )
            count = {"Is": 1, "IsNot": 1, "Equals": 1, "IsIn": 2}.get(function, 0)
            lines.append(line(chance.choice(ASKED), function, *(f"v{at}", f"w{at}")[:count]))
        left_out += compare(loans, asserting(lines, **holders))
    assert left_out > 1000
