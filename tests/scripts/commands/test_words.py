"""Words that are played nowhere else by themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from host.models import Title
from messaging.canonical import canonical_bytes
from scripts.language.values import Item, decode, encode
from scripts.plain import plain
from tests.pump import pump
from tests.scripts.commands.play import error, value
from tests.scripts.engine import begin, result
from tests.scripts.functions.check import worth

pytestmark = pytest.mark.django_db(transaction=True)


def test_reel_wakes_whoever_waits() -> None:
    waiting = begin("- WAIT door >> $x\n- RETURN: $x")
    pump()
    value("- REEL door: hello")
    pump()
    assert result(waiting) == "hello"


def test_talk_needs_a_chat() -> None:
    assert error("- TALK") == "test:1:3: TALK needs a chat"


def test_translate_gives_titles_and_names_where_there_is_none() -> None:
    Title.objects.create(code="library.test", language="pt-pt", title="Biblioteca")
    script = (
        "- TRANSLATE >> $t:\n    Domain: $d\n    Schema: .LIBRARY/CARD\n    To: pt-pt\n- RETURN: $t"
    )
    found = value(script, d="Library.test")
    assert found["Domain"] == "Biblioteca"
    assert "LIBRARY/CARD" in found["Schema"]


def test_float_of_a_peers_json_becomes_a_decimal() -> None:
    assert decode(encode({"Price": 0.1})) == {"Price": Decimal("0.1")}
    with pytest.raises(TypeError):
        encode(float("nan"))


@pytest.mark.parametrize("expression", [".Calculate(10, 1/3)", ".Add(0.1, 0.2)", "$n.Times(0.5)"])
def test_no_result_of_arithmetic_keeps_a_body_from_being_signed(expression: str) -> None:
    found = worth(expression, n=3)
    assert canonical_bytes(plain({"Sum": found}))


def test_graph_that_knows_nothing_is_an_error() -> None:
    assert error("- GRAPH Form >> $x:\n    Form: none") == "test:1:3: unknown Form: none"


def test_trusts_says_no_or_ends_the_script() -> None:
    asked = "- TRUSTS charlie.test >> $b:\n    Schema: .LIBRARY/CARD\n- RETURN: $b"
    assert value(asked) is False
    assert error(asked.replace(" >> $b", "")) == "test:1:3: charlie.test is not trusted"


def test_apps_rows_that_scripts_may_not_delete_are_refused() -> None:
    row = Item({"ID": "1"}, set="Issuer.Tokens", key="1")
    assert error("- DELETE $x", x=row) == (
        "test:1:3: rows of Issuer.Tokens cannot be deleted by scripts"
    )


@pytest.mark.parametrize(
    ("value_", "sent"),
    [
        (Decimal("2.50"), "2.50"),
        (Decimal("3.0"), 3),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (Decimal(10) ** 30, "1" + "0" * 30),
        (True, True),
    ],
)
def test_numbers_travel_exactly(value_: object, sent: object) -> None:
    assert (plain(value_), type(plain(value_))) == (sent, type(sent))
    assert canonical_bytes(plain({"N": value_}))
