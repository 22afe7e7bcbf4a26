"""Words that are played nowhere else by themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from host.models import Title
from messaging.canonical import canonical_bytes
from scripts.language.values import decode, encode
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
