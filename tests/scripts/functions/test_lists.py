"""Lists, maps and sets."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.language.limits import lent
from scripts.language.values import Item
from tests.scripts.functions.check import check, refuse
from tests.scripts.functions.holders import BOOKS
from tests.scripts.language.world import value_of

MAPS, BEES, ANTS = BOOKS
ROWS: list[tuple[str, Any]] = [
    ("$t.Add(!)", "Maps!"),
    ("$l.Add(c)", ["a", "b", "c"]),
    ("$m.Add({C: 3})", {"A": 1, "B": 2, "C": "3"}),
    ("$e.Add(x)", "x"),
    ("$t.Plus(!)", "Maps!"),
    ("$t.Append(!)", "Maps!"),
    ("$l.Append([c, d])", ["a", "b", "c", "d"]),
    ("$e.Append([c])", ["c"]),
    ("$e.Append(c)", "c"),
    ("$l.AreMany", True),
    ("$one.AreMany", False),
    ("$e.AreMany", False),
    ("$one.IsOne", True),
    ("$l.IsOne", False),
    ("$e.IsOne", False),
    ("$l.Diff([b])", ["a"]),
    ("$t.Diff(ap)", "Ms"),
    ("$m.Diff(A)", {"B": 2}),
    ("$e.Diff(a)", None),
    (".Distinct([a, b, a], [c, b])", ["a", "b", "c"]),
    ("$nums.Distinct", [3, 1, 2]),
    ("$e.Distinct", []),
    ("$l.First", "a"),
    ("$l.First(1)", ["a"]),
    ("$t.First", "M"),
    ("$t.First(2)", "Ma"),
    ("$family.First", "👨‍👩‍👧"),
    ("$l.First(5)", ["a", "b"]),
    ("$l.First($n)", ["a", "b"]),
    ("$e.First", None),
    ("$books.First({Lang: en})", MAPS),
    ("$books.First({Lang: en}, 1)", [MAPS]),
    ("$books.First(Pages.IsBelow(100))", BEES),
    ("$books.First({Lang: fr})", None),
    ("$l.Last", "b"),
    ("$t.Last(2)", "ps"),
    ("$e.Last", None),
    ("$books.Last({Lang: en})", ANTS),
    (".Last($l)", "b"),
    (".Last($l, 1)", ["b"]),
    ("$t.Take(2)", "Ma"),
    ("$l.Take(1)", ["a"]),
    ("$e.Take(1)", None),
    ("$t.Remove(a)", "Mps"),
    ("$l.Remove(a)", ["b"]),
    ("$l.Remove([a, b])", []),
    ("$nums.Remove(3)", [1, 2]),
    ("$m.Remove(A)", {"B": 2}),
    ("$m.Remove('A:2')", {"A": 1, "B": 2}),
    ("$m.Remove('A:1')", {"B": 2}),
    ("$m.Remove({A: 1})", {"B": 2}),
    ("$e.Remove(a)", None),
    ("$m.Minus(A, B)", {}),
    ("$t.Minus(s)", "Map"),
    ("$l.Minus(a)", ["b"]),
    ("$m.Keys", ["A", "B"]),
    ("$e.Keys", []),
    ("$m.Values", [1, 2]),
    ("$e.Values", []),
    ("$pair.Key", "A"),
    ("$single.Key", "A"),
    ("$e.Key", None),
    ("$pair.Value", 1),
    ("$single.Value", 1),
    ("$m.Value(B)", 2),
    ("$m.Value(C)", None),
    ("$e.Value", None),
    (".ToList('a, b c')", ["a", "b", "c"]),
    (".ToList($l, c)", ["a", "b", "c"]),
    ("$n.ToList", [3]),
    ("$e.ToList", []),
    ("$books.Filter({Lang: en})", [MAPS, ANTS]),
    ("$books.Filter(Lang: en)", [MAPS, ANTS]),
    ("$books.Filter({Lang: en, Pages: 80})", [ANTS]),
    ("$books.Filter({Pages.IsAbove: 100})", [MAPS]),
    ("$books.Filter(Pages.IsAbove(100))", [MAPS]),
    ("$books.Filter(Lang.Is(en), Pages.IsBelow(100))", [ANTS]),
    ("$books.Filter({Title.IsIn: [Maps, Bees]})", [MAPS, BEES]),
    ("$books.Filter(Due)", [BEES, ANTS]),
    ("$books.Filter(Due.IsEmpty.Or.IsPast)", [MAPS, ANTS]),
    ("$books.Filter($wanted)", [BEES]),
    ("$m.Filter({Value.IsAbove: 1})", [{"Key": "B", "Value": 2}]),
    ("$e.Filter({Lang: en})", []),
    ("$books.Where({Lang: pt})", [BEES]),
    ("$books.Format(Title)", ["Maps", "Bees", "ants"]),
    ("$books.Format(Title, Pages).First", {"Title": "Maps", "Pages": 120}),
    ("$books.Format({Name: Title}).Last", {"Name": "ants"}),
    ("$books.Format({More: Pages.Add(1)}).First", {"More": 121}),
    ("$books.Format($name)", ["Maps", "Bees", "ants"]),
    ("$books.Format().First", MAPS),
    ("$m.Format({X: A})", {"X": 1}),
    ("$e.Format(A)", []),
    ("$m.Set({A: 5, C: new})", {"A": "5", "B": 2, "C": "new"}),
    ("$m.Set({A: A.Add(1)})", {"A": 2, "B": 2}),
    ("$e.Set({A: 1})", {"A": "1"}),
    ("$books.Set({Pages: Pages.Add(1)}).First", {**MAPS, "Pages": 121}),
    ("$nums.Sort", [1, 2, 3]),
    ("$nums.Sort(-)", [3, 2, 1]),
    ("$nums.Sort(+)", [1, 2, 3]),
    ("$books.Sort(Title)", [ANTS, BEES, MAPS]),
    ("$books.Sort(Pages-, Title)", [MAPS, ANTS, BEES]),
    ("$books.Sort(Due)", [ANTS, BEES, MAPS]),
    ("$books.Sort(-Due)", [BEES, ANTS, MAPS]),
    ("$e.Sort", []),
    (".Cross($l, $nums).Length", 6),
    (".Cross($l, $one).First", {"l": "a", "one": "a"}),
    (".Cross($none, $l)", []),
    ("$l.Each", ["a", "b"]),
    ("$l.Each.Append(!)", ["a!", "b!"]),
    ("$books.Each.Pages.IsAbove(50)", True),
    ("$books.Each.Pages.IsAbove(100)", False),
    ("$none.Each.IsText", True),
    ("$none.Each.Append(!)", []),
    ("$m.Evaluate(A)", 1),
    ("$m.Evaluate(A, B)", {"A": 1, "B": 2}),
    ("$m.Evaluate({X: A.Add(1)})", {"X": 2}),
    ("$m.Evaluate", {"A": 1, "B": 2}),
    ("$e.Evaluate(A)", None),
]
REFUSALS: list[tuple[str, str]] = [
    ("$m.Add(1)", ".Add adds a map to a map, not text"),
    ("$m.Append(1)", ".Append adds to text or a list, not a map"),
    ("$n.First", ".First takes from text and lists, not a number"),
    ("$l.First('x')", ".First takes a whole number from 0 to 1000000, not 'x'"),
    ("$l.First(1, 2)", ".First takes one condition and one count"),
    ("$l.Last(-1)", ".Last takes a whole number from 0 to 1000000, not '-1'"),
    (".Last()", ".Last takes a list, or a period such as day"),
    ("$l.Take(x)", ".Take takes a whole number from 0 to 1000000, not 'x'"),
    ("$m.Take(1)", ".Calculate takes numbers, not a map"),
    ("$yes.Remove(a)", ".Remove takes parts out of text, lists and maps, not a Bool"),
    ("$l.Keys", ".Keys looks into maps, not a list"),
    ("$t.Values", ".Values looks into maps, not text"),
    ("$m.Key", ".Key takes a pair, and this map has 2 pairs"),
    ("$l.Value", ".Value looks into maps, not a list"),
    ("$books.Filter()", ".Filter takes 1 to 50 arguments"),
    ("$books.Filter(7)", ".Filter takes conditions such as {Title: Maps}, not text"),
    ("$t.Filter({A: 1})", ".Filter goes through a list, not text"),
    ("$books.Where()", ".Where takes 1 to 50 arguments"),
    ("$n.Format(A)", ".Format goes through a list, not a number"),
    ("$l.Set({A: 1})", ".Set changes maps, not text"),
    ("$m.Set(1)", ".Set takes a map of changes, not text"),
    ("$mixed.Sort", ".Sort orders numbers, times or text, not a number and text"),
    ("$n.Sort", ".Sort goes through a list, not a number"),
    (".Cross($n)", ".Cross goes through a list, not a number"),
    ("$l.Cross($l)", ".Cross takes its sets in brackets: .Cross($a, $b)"),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected, wanted={"Lang": "pt"}, name="Title")


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message, mixed=[1, "a"])


def test_conditions_are_read_from_the_script_and_never_from_data() -> None:
    check("$books.Filter($wanted)", [], wanted={"Pages.IsAbove": 1})


def test_changed_item_still_knows_its_row() -> None:
    item = Item({"A": 1}, set="Library.Books", key="k", state="OPEN")
    found = value_of("$i.Set({A:2})", i=item)
    assert (found, found.set, found.key) == ({"A": "2"}, "Library.Books", "k")


def test_products_of_sets_are_limited_before_they_are_built() -> None:
    many = list(range(1000))
    refuse(".Cross($many, $many)", "the list is too long", many=many)


def test_text_that_grows_is_limited() -> None:
    with lent(text_characters=10):
        refuse("$t.Append($t, $t)", "the text is too long")
