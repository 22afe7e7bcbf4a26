"""DEFAULT, SELECT, FILTER, DISTINCT and PARSE, and what PUT, SET and ASSERT do with values."""

from __future__ import annotations

from typing import Any

import pytest

from scripts import library
from scripts.language.errors import LoadErrors
from tests.scripts.commands.play import error, value
from tests.scripts.functions.holders import BOOKS

pytestmark = pytest.mark.django_db(transaction=True)
MAPS, BEES, ANTS = BOOKS


@pytest.mark.parametrize(
    ("commands", "made"),
    [
        ("- DEFAULT $x:\n    A: 1\n    B: 2\n- RETURN: $x", {"A": "old", "B": "2"}),
        ("- DEFAULT $x:\n    B: $none, $y, 3\n- RETURN: $x.B", "why"),
        ("- DEFAULT $x:\n    B: $none $y\n- RETURN: $x.B", "why"),
        ("- DEFAULT $x:\n    B: one, two\n- RETURN: $x.B", ["one", "two"]),
        ("- DEFAULT $new:\n    B: 2\n- RETURN: $new", {"B": "2"}),
        ("- DEFAULT $x >> $z:\n    B: 2\n- RETURN: '{$x.B}{$z.B}'", "2"),
        ("- DEFAULT $.Inputs:\n    Fresh: 7\n- RETURN: '{$.Inputs.Fresh}{$Fresh}'", "77"),
        ("- DEFAULT $rows:\n    Pages: 0\n- RETURN: $rows.Pages", [120, 80, 80, "0"]),
    ],
)
def test_default(commands: str, made: Any) -> None:
    rows = [*BOOKS, {"Title": "Empty"}]
    assert value(commands, x={"A": "old", "B": None}, y="why", rows=rows) == made


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("    From: $books", BOOKS),
        ("    All: Title\n    From: $books", ["Maps", "Bees", "ants"]),
        (
            "    All: Title, Pages\n    From: $books\n    Limit: 1",
            [{"Title": "Maps", "Pages": 120}],
        ),
        ("    All:\n        Name: Title\n    FROM: $books\n    limit: 1", [{"Name": "Maps"}]),
        ("    First: Title\n    From: $books", "Maps"),
        ("    First:\n    From: $books", MAPS),
        ("    Last: Title\n    From: $books", "ants"),
        ("    First: Title\n    From: $none", None),
        ("    Distinct: Pages\n    From: $books", [120, 80]),
        ("    Exists:\n    From: $books\n    Where:\n        Lang: pt", True),
        ("    Exists:\n    From: $books\n    Where:\n        Lang: fr", False),
        ("    From: $books\n    Where:\n        Pages.IsAbove: 100", [MAPS]),
        ("    From: $books\n    AllOf:\n        Lang: en\n        Pages: 80", [ANTS]),
        ("    From: $books\n    Where: Pages.IsAbove(100)", [MAPS]),
        ("    All: Title\n    From: $books\n    OrderBy: Pages-, Title", ["Maps", "ants", "Bees"]),
        ("    All: Title\n    From: $books\n    OrderBy: Title\n    Limit: 2", ["ants", "Bees"]),
        ("    From: $books\n    Key:\n        Title: Bees", BEES),
        ("    All: Value\n    From: $map", [1, 2]),
        (
            "    All: B.Title\n    From:\n        B: $books\n        T: $tags\n    Limit: 2",
            ["Maps"] * 2,
        ),
        ("    From: $nums\n    OrderBy: '-'", [3, 2, 1]),
    ],
)
def test_select(body: str, made: Any) -> None:
    found = value(
        f"- SELECT >> $x:\n{body}\n- RETURN: $x",
        books=BOOKS,
        map={"A": 1, "B": 2},
        tags=["x", "y"],
        nums=[1, 3, 2],
    )
    assert found == made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "    From: 3\n    First:\n    Last:",
            "SELECT takes one of All, First, Last, Distinct, Exists",
        ),
        (
            "    From: $books\n    Limit: many",
            ".Limit takes a whole number from 0 to 10000, not 'many'",
        ),
        ("    From: $books\n    Key:\n        Title: Moths", "the row: not found"),
        ("    From: Library.Nothing", "no dataset named Library.Nothing"),
        (
            "    From: Issuer.Tokens",
            "Issuer.Tokens is read by its key, and cannot be searched by scripts",
        ),
        ("    From: $n", ".From goes through a list, not a number"),
    ],
)
def test_select_refuses(body: str, message: str) -> None:
    assert error(f"- SELECT >> $x:\n{body}", books=BOOKS, n=3) == f"test:1:3: {message}"


def test_select_inline() -> None:
    assert value("- SELECT $books >> $x\n- RETURN: $x", books=BOOKS) == BOOKS


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("    Lang: en", [MAPS, ANTS]),
        ("    Lang: en\n    Pages.IsBelow: 100", [ANTS]),
        ("    Due.IsEmpty:", [MAPS]),
        ("    Title.IsIn: Maps, Bees", [MAPS, BEES]),
        ("    $n: 3", BOOKS),
        ("    $n: 4", []),
    ],
)
def test_filter(body: str, made: Any) -> None:
    script = f"- FILTER $books >> $x:\n{body}\n- RETURN: $x"
    assert value(script, books=BOOKS, n=3) == made


def test_filter_needs_a_condition() -> None:
    assert error("- FILTER $books >> $x", books=BOOKS) == "test:1:3: FILTER needs a condition"


@pytest.mark.parametrize(
    ("commands", "made"),
    [
        ("- DISTINCT $a, $b >> $x\n- RETURN: $x", ["1", "2", "3"]),
        ("- DISTINCT >> $x:\n    - $a\n    - $b\n- RETURN: $x", ["1", "2", "3"]),
        ("- DISTINCT $a >> $x\n- RETURN: $x", ["1", "2"]),
        ("- DISTINCT $none >> $x\n- RETURN: $x", []),
    ],
)
def test_distinct(commands: str, made: Any) -> None:
    assert value(commands, a=["1", "2", "1"], b=["2", "3"]) == made


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("    Schema: .LIBRARY/CARD", "LIBRARY/CARD"),
        ("    Schema: $code", "READER"),
        ("    Locator: .HOST,library.test,card", None),
    ],
)
def test_parse(body: str, made: Any) -> None:
    script = f"- PARSE >> $x:\n{body}\n- RETURN: '{{$x.Path}}'"
    assert value(script, code="library.test/READER:2.0") == made


def test_parse_takes_both_apart() -> None:
    script = "- PARSE >> $x:\n    Schema: .A/B\n    Locator: .HOST,library.test,card\n- RETURN: $x"
    made = value(script)
    assert (made["Schema"]["Version"], made["Locator"]["Key"]) == ("1.0", "card")


def test_parse_refuses_what_is_neither() -> None:
    assert error("- PARSE >> $x:\n    Schema: what is this") == (
        "test:1:3: 'what is this' is not a schema code"
    )
    assert error("- PARSE >> $x") == "test:1:3: PARSE needs Locator or Schema"


@pytest.mark.parametrize(
    ("commands", "made"),
    [
        ("- PUT 7 >> $x\n- RETURN: $x", "7"),
        ("- PUT >> $x:\n    A: 1\n- RETURN: $x", {"A": "1"}),
        ("- PUT >> $x:\n    - a\n    - b\n- RETURN: $x", ["a", "b"]),
        ("- PUT a, b >> $x\n- RETURN: $x", ["a", "b"]),
        ("- PUT $m.A $m.B >> $x\n- RETURN: $x", {"A": 1, "B": 2}),
        ("- PUT a +> $x\n- PUT b +> $x\n- RETURN: $x", ["a", "b"]),
        ("- PUT $books >> $x: Title\n- RETURN: $x", ["Maps", "Bees", "ants"]),
        ("- PUT $m >> $x:\n    Sum: A.Add(1)\n- RETURN: $x", {"Sum": 2}),
        ("- SET $m:\n    A: 5\n    C: new\n- RETURN: $m", {"A": "5", "B": 2, "C": "new"}),
        ("- SET $m:\n    A: A.Add(1)\n- RETURN: $m", {"A": 2, "B": 2}),
        ("- SET $m:\n    A.Add(1):\n- RETURN: $m", {"A": 2, "B": 2}),
        ("- SET $n.Add(4)\n- RETURN: $n", 7),
        ("- PUT $m >> $x\n- SET $other >> $x\n- RETURN: $x", {"A": 1, "B": 2, "C": 3}),
        ("- SET $books:\n    Pages: Pages.Add(1)\n- RETURN: $books.Pages", [121, 81, 81]),
    ],
)
def test_put_and_set(commands: str, made: Any) -> None:
    holders: dict[str, Any] = {"m": {"A": 1, "B": 2}, "n": 3, "books": BOOKS, "other": {"C": 3}}
    assert value(commands, **holders) == made


LOAN = {
    "STATE": "OPEN",
    "Book": "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002",
    "Start": "2026-05-01T09:30:00Z",
    "Due": "2026-05-08T09:30:00Z",
    "Days": 7,
    "Late": False,
    "Tags": ["a"],
    "Kind": "MAP",
    "Reader": {"Name": "Alice"},
    "Blank": "",
}


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        (["AllOf: Book, Reader.Name"], True),
        (["AllOf: Book, Blank"], False),
        (["AllOf: [Book, Blank]"], False),
        (["AnyOf: Blank, Book"], True),
        (["AnyOf: Blank, Missing"], False),
        (["OneOf: Blank, Book"], True),
        (["OneOf: Kind, Book"], False),
        (["UUIDs: Book"], True),
        (["UUIDs: Kind"], False),
        (["UUIDs: Blank"], True),
        (["Texts: Kind, Book"], True),
        (["Texts: Days"], False),
        (["Times: Due"], True),
        (["Times: Kind"], False),
        (["Lists: Tags"], True),
        (["Lists: Kind"], False),
        (["Bools: Late"], True),
        (["Bools: Kind"], False),
        (["Nums: Days"], True),
        (["Nums: Kind"], False),
        (["Enums: Tags, Kind"], True),
        (["Enums: Days"], False),
        (["Due.IsAfter: Start"], True),
        (["Start.IsAfter: Due"], False),
        (["Kind.IsIn: BOOK, MAP"], True),
        (["Kind.IsIn: BOOK, MA"], False),
        (["Kind: MAP"], True),
        (["Kind: Book"], False),
        (["Kind:"], True),
        (["Blank:"], False),
        (["Blank.IsEmpty:"], True),
        (["Due.IsEmpty.Or.IsAfter: Start"], True),
        (["Blank.IsUUID:"], False),
        (["AllOf: Kind", "Blank.IsUUID:"], True),
        ([".State.IsIn: OPEN, LATE"], True),
        (["Reader.Name.Length.IsBelow: 40"], True),
        (["Tags.Each.Length.IsAtMost: 1"], True),
        (["Tags.Each.Is: b"], False),
        (["Kind.IsNot: MAP"], False),
        (["Missing.IsNot: MAP"], False),
        (["$n.IsAbove: 2"], True),
    ],
)
def test_assert(lines: list[str], holds: bool) -> None:
    body = "\n".join(f"    {line}" for line in lines)
    script = f"- ASSERT $loan >> $ok:\n{body}\n- RETURN: $ok"
    assert value(script, loan={**LOAN, "State": "OPEN"}, n=3) is holds


def test_assert_says_which_line_fails_unless_the_author_does() -> None:
    script = "- ASSERT $loan:\n    Kind: MAP\n    Days.IsAbove: 7"
    assert error(script, loan=LOAN) == "test:1:3: does not hold: Days.IsAbove: 7"
    script = "- ASSERT $loan:\n    Error: Bad loan of {$loan.Kind}\n    Days.IsAbove: 7"
    assert error(script, loan=LOAN) == "test:1:3: Bad loan of MAP"


def test_assert_of_a_list_is_about_every_row() -> None:
    script = "- ASSERT $books >> $ok:\n    Pages.IsAbove: 100\n- RETURN: $ok"
    assert value(script, books=[MAPS]) is True
    assert value(script, books=BOOKS) is False


@pytest.mark.parametrize("word", ["KEYS"])
def test_keys_are_not_for_scripts(word: str) -> None:
    """A private key in a holder would be stored in the clear with every parked run."""
    with pytest.raises(LoadErrors, match=f"{word} is not supported in this release"):
        library.compile_source(f"- {word} >> $k", file="test.yaml")
