"""What answers are taken, format by format, and what scripts get of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from host.answers import BadAnswer, Question, Rounds, read_answer, shaped
from host.numerals import pretty, read_amount, read_number
from host.options import read_options
from host.rules import read_rules
from scripts.language.errors import ScriptError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CARDS = [{"ID": "A", "Title": "Adult"}, {"ID": "C", "Title": "Child"}, {"ID": "S", "Title": "S"}]


def read(format: str, answer: Any, *, language: str = "en-us", **rules: Any) -> Any:
    question = Question(format, read_rules(format, rules, NOW), CARDS, language)
    return read_answer(question, answer)


@pytest.mark.parametrize(
    ("format", "answer", "rules", "expected"),
    [
        ("TEXT", " Alice ", {}, "Alice"),
        ("TEXT", "", {"Nullable": True}, None),
        ("TEXT", "  ", {"Nullable": "Yes"}, None),
        ("TEXT", None, {"Nullable": True}, None),
        ("TEXT", "abc", {"MinLength": "3", "MaxLength": 3}, "abc"),
        ("TEXT", "AB-12", {"Pattern": "[A-Z]{2}-\\d+"}, "AB-12"),
        ("TEXT", "10.0.0.1", {"Pattern": "IPv4"}, "10.0.0.1"),
        ("TEXT", "2001:DB8::1", {"Pattern": "ipv6"}, "2001:db8::1"),
        ("DIGITS", "007", {}, "007"),
        ("DIGITS", "1234", {"MinLength": 4, "MaxLength": 4}, "1234"),
        ("ONE", "C", {}, "C"),
        ("MANY", ["C", "A"], {}, ["A", "C"]),
        ("MANY", "A", {}, ["A"]),
        ("MANY", [], {"Nullable": True}, None),
        ("MANY", ["A", "C"], {"MinLength": 2, "MaxLength": 2}, ["A", "C"]),
        ("STARS", "5", {}, 5),
        ("STARS", 1, {}, 1),
        ("STARS", "2", {"MinValue": "1.5", "MaxValue": "4.5"}, 2),
        ("DATE", "2026-05-01", {}, "2026-05-01"),
        ("DATE", "2026-05-01", {"MinValue": NOW, "MaxValue": "7 days"}, "2026-05-01"),
        ("DATE", "2024-02-29", {}, "2024-02-29"),
        ("TIME", "18:30", {}, "18:30"),
        ("TIME", "18:30:05", {}, "18:30:05"),
        ("TIME", "09:00", {"MinValue": "09:00", "MaxValue": "17:30"}, "09:00"),
    ],
)
def test_answer_that_fits(format: str, answer: Any, rules: dict[str, Any], expected: Any) -> None:
    assert read(format, answer, **rules) == expected


@pytest.mark.parametrize(
    ("format", "answer", "rules"),
    [
        ("TEXT", "", {}),
        ("TEXT", None, {}),
        ("TEXT", True, {}),
        ("TEXT", {"a": 1}, {}),
        ("TEXT", "ab", {"MinLength": 3}),
        ("TEXT", "abcd", {"MaxLength": 3}),
        ("TEXT", "xAB-12", {"Pattern": "[A-Z]{2}-\\d+"}),
        ("TEXT", "10.0.0.256", {"Pattern": "IPv4"}),
        ("TEXT", "10.0.0.1", {"Pattern": "IPv6"}),
        ("DIGITS", "12a", {}),
        ("DIGITS", "-1", {}),
        ("DIGITS", "\u0661\u0662", {}),
        ("DIGITS", "123", {"MinLength": 4}),
        ("ONE", "Z", {}),
        ("ONE", ["A"], {}),
        ("MANY", ["A", "A"], {}),
        ("MANY", ["A", "Z"], {}),
        ("MANY", [], {}),
        ("MANY", ["A"], {"MinLength": 2}),
        ("MANY", ["A", "C"], {"MaxLength": 1}),
        ("QUANTITY", "two", {}),
        ("QUANTITY", "1e3", {}),
        ("QUANTITY", "9", {"MinValue": 10}),
        ("QUANTITY", "11", {"MaxValue": "10"}),
        ("AMOUNT", "12.50 USD", {"Currency": "EUR"}),
        ("AMOUNT", "twelve", {}),
        ("STARS", "0", {}),
        ("STARS", "6", {}),
        ("STARS", "3", {"MinValue": 4}),
        ("STARS", "1", {"MinValue": "1.5"}),
        ("DATE", "01.05.2026", {}),
        ("DATE", "2026-02-30", {}),
        ("DATE", "2026-04-30", {"MinValue": NOW}),
        ("DATE", "2026-05-09", {"MaxValue": "7 days"}),
        ("TIME", "24:00", {}),
        ("TIME", "6:30", {}),
        ("TIME", "08:59", {"MinValue": "09:00"}),
    ],
)
def test_answer_that_does_not_fit(format: str, answer: Any, rules: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        read(format, answer, **rules)


def test_quantity_is_a_map_whose_default_is_pretty() -> None:
    assert read("QUANTITY", "1250") == {
        "Text": "1250",
        "Decimal": Decimal(1250),
        "Pretty": "1,250",
        "Locale": "en-us",
        "$": "1,250",
    }
    assert read("QUANTITY", "2.5", Precision=1)["Decimal"] == Decimal("2.5")
    assert read("QUANTITY", "2", Precision=2)["Pretty"] == "2.00"


def test_quantity_that_would_lose_digits_is_asked_back() -> None:
    with pytest.raises(Rounds) as found:
        read("QUANTITY", "2.5")
    assert (found.value.number, found.value.shown) == (Decimal(3), "3")
    with pytest.raises(BadAnswer):
        read("QUANTITY", "9.6", MaxValue="9.7")  # neither it nor what it would become


def test_amount_has_a_currency() -> None:
    found = read("AMOUNT", "€12.50")
    assert (found["Decimal"], found["Currency"], found["$"]) == (Decimal("12.50"), "EUR", "€12.50")
    assert read("AMOUNT", "7", Currency="eur")["Pretty"] == "€7.00"
    assert read("AMOUNT", "7", Currency="CHF")["Pretty"] == "7.00 CHF"
    assert read("AMOUNT", "12,50 EUR", language="de-de")["Pretty"] == "12,50 €"
    assert read("AMOUNT", "7")["Currency"] == ""


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("1250.5", "de-de", "1250.5"),
        ("1,250.5", "en-us", "1250.5"),
        ("1.250,5", "de-de", "1250.5"),
        ("1.250", "de-de", "1.250"),  # the canonical form is the same in every language
        ("1,250", "en-us", "1250"),
        ("1,250", "de-de", "1.250"),
        ("12,50", "en-us", "12.50"),
        ("1 250,5", "fr-fr", "1250.5"),
        ("-3", "en-us", "-3"),
        ("1,25,0", "en-us", None),
        ("", "en-us", None),
        ("1.2.3", "en-us", None),
        ("9" * 61, "en-us", None),
    ],
)
def test_number(text: str, language: str, expected: str | None) -> None:
    found = read_number(text, language)
    assert found == (None if expected is None else Decimal(expected))


def test_amounts_read_and_shown() -> None:
    assert read_amount("R$ 10", "pt-br") == (Decimal(10), "BRL")
    assert read_amount("usd 3", "en-us") == (Decimal(3), "USD")
    assert pretty(Decimal("-12.5"), "en-us", "USD") == "-$12.5"
    assert pretty(Decimal("1234567.5"), "de", "") == "1.234.567,5"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["Red", "White"], [("Red", "Red"), ("White", "White")]),
        ("Red", [("Red", "Red")]),
        (
            ["Pay with /Card", "[Cash] payment"],
            [("Card", "Pay with Card"), ("Cash", "Cash payment")],
        ),
        ({"R": "Red wine", "W": "White"}, [("R", "Red wine"), ("W", "White")]),
        ([{"Code": "R", "Name": "Red"}, {"Code": "W"}], [("R", "Red"), ("W", "W")]),
        (["see \u00b4Alice\u00b4"], [("see Alice", "see Alice")]),
        (None, []),
    ],
)
def test_options(written: Any, expected: list[tuple[str, str]]) -> None:
    assert [(each["ID"], each["Title"]) for each in read_options(written)] == expected


def test_option_with_a_locator_opens_a_chat() -> None:
    [option] = read_options(["Our /Gym § .HOST,gym.test,join"])
    assert option == {"ID": "Gym", "Title": "Our Gym", "Locator": ".HOST,gym.test,join"}
    with pytest.raises(ScriptError, match="not a locator"):
        read_options(["Our gym § nowhere"])


@pytest.mark.parametrize(
    "written", [["A", "A"], [""], ["x" * 250], [str(number) for number in range(251)], [{}]]
)
def test_options_that_are_refused(written: Any) -> None:
    with pytest.raises(ScriptError):
        read_options(written)


@pytest.mark.parametrize(
    ("format", "rules"),
    [
        ("TEXT", {"MinLength": "many"}),
        ("TEXT", {"MinLength": 4, "MaxLength": 3}),
        ("TEXT", {"Pattern": "("}),
        ("QUANTITY", {"MinValue": "low"}),
        ("QUANTITY", {"Precision": 40}),
        ("AMOUNT", {"Currency": "euros"}),
        ("TIME", {"MinValue": "noon"}),
        ("DATE", {"MinValue": "soon"}),
    ],
)
def test_rules_that_make_no_sense_are_refused(format: str, rules: dict[str, Any]) -> None:
    with pytest.raises(ScriptError):
        read_rules(format, rules, NOW)


def test_output_is_made_of_the_groups_of_the_pattern() -> None:
    assert shaped("AB-12", "([A-Z]+)-(\\d+)", "\\2/\\1") == "12/AB"
    assert shaped("AB-12", "", "<\\0>") == "<AB-12>"
    assert shaped("AB-12", "(.*)", "\\9") == ""
