"""GRAPH, TRUSTS, TRANSLATE and VERIFY: what scripts learn of others, from rows kept here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from host.models import Form, Manifest, Schema, Title, Trust
from messaging import clock, keys
from messaging.documents import sign_document
from messaging.syntax import format_time
from tests.scripts.commands.play import error, play, value

CODE = "library.test/CARD"


@pytest.fixture(autouse=True)
def _places(places: list[str]) -> None:
    """Domains with keys, and what is said of them."""
    Manifest.objects.create(domain="library.test", title="Town library", emoji="📚")
    Title.objects.create(code="library.test", language="pt", title="Biblioteca")
    Schema.objects.create(
        code=CODE,
        title="Library card",
        format={"properties": {"Number": {"type": "string"}}, "required": ["Number"]},
    )
    Form.objects.create(
        domain="library.test", key="JOIN", title="Join us", steps=[{"Schema": CODE, "Purpose": "x"}]
    )


# -- GRAPH -------------------------------------------------------------------------------------


def test_graph_about() -> None:
    script = "- GRAPH About >> $a:\n    Domain: library.test\n- RETURN: $a"
    assert value(script)["Title"] == "Town library"
    script = (
        "- GRAPH About >> $a:\n    Domain: library.test\n    Language: pt-pt\n- RETURN: $a.Title"
    )
    assert value(script) == "Biblioteca"


def test_graph_schema_form_key_and_trust() -> None:
    schema = value(f"- GRAPH Schema >> $s:\n    Schema: {CODE}\n- RETURN: $s")
    assert (schema["Title"], schema["Format"]["required"]) == ("Library card", ["Number"])
    form = value("- GRAPH Form >> $f:\n    Domain: library.test\n    Form: JOIN\n- RETURN: $f")
    assert form["Steps"] == [{"Schema": CODE, "Purpose": "x"}]
    selector, key = keys.published_key("library.test")
    found = value(
        f"- GRAPH PublicKey >> $k:\n    Domain: library.test\n    DKIM: {selector}\n- RETURN: $k"
    )
    assert found["PublicKey"] == key.spki
    asked = f"- GRAPH Trusts >> $t:\n    Trusted: library.test\n    Schema: {CODE}\n- RETURN: $t"
    assert value(asked)["Trusted"] is False


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("- GRAPH About:\n    Domain: nowhere.test", "unknown About: nowhere.test"),
        ("- GRAPH About:\n    Domain: nowhere.test\n    Error: Who is {$d}?", "Who is Dora?"),
        ("- GRAPH Weather:\n    Domain: library.test", "no subject Weather"),
        ("- GRAPH Form:\n    Domain: library.test\n    Form: LEAVE", "unknown Form"),
    ],
)
def test_graph_that_knows_nothing_is_an_error(script: str, said: str) -> None:
    assert said in error(script, d="Dora")


# -- TRUSTS ------------------------------------------------------------------------------------


def test_trusts_insists_or_says() -> None:
    short = f"- TRUSTS library.test:\n    Schema: {CODE}"
    assert "library.test is not trusted" in error(short)
    assert "Not them" in error(f"{short}\n    Error: Not them")
    asked = f"- TRUSTS >> $t:\n    Trusted: library.test\n    Schema: {CODE}\n- RETURN: $t"
    assert value(asked) is False
    Trust.objects.create(domain="theatre.test", domains=["library.test"], queries=[CODE])
    assert value(asked) is True
    assert play(short).state == "DONE"
    assert value(f"{asked[: -len('- RETURN: $t')]}    Truster: gym.test\n- RETURN: $t") is False


def test_trusts_of_a_role_and_by_a_chain() -> None:
    Trust.objects.create(domain="theatre.test", domains=["gym.test"])
    Trust.objects.create(domain="gym.test", domains=["library.test"], roles=["VAULT"])
    asked = f"- TRUSTS >> $t:\n    Trusted: library.test\n    Schema: {CODE}\n    Role: "
    assert value(f"{asked}VAULT\n- RETURN: $t") is True
    assert value(f"{asked}CONSUMER\n- RETURN: $t") is False
    assert "Role is VAULT" in error(f"{asked}KING\n- RETURN: $t")


# -- TRANSLATE ---------------------------------------------------------------------------------


def test_translate_lists_and_texts() -> None:
    script = (
        "- TRANSLATE >> $t:\n    Domains: library.test, gym.test\n    To: pt\n"
        "    Text: At ´Town´ hall\n- RETURN: $t"
    )
    found = value(script)
    assert found["Text"] == "At Town hall"
    assert "is not a schema" in error("- TRANSLATE >> $t:\n    Schema: 'nothing here'")


def test_translate_changes_a_map_in_place() -> None:
    texts = {"A": "´Hall´", "B": "´Hall´"}
    script = "- TRANSLATE $x:\n    All: A\n- RETURN: $x"
    assert value(script, x=texts) == {"A": "Hall", "B": "´Hall´"}


# -- VERIFY ------------------------------------------------------------------------------------


def card(issuer: str = "library.test", **changes: Any) -> dict[str, Any]:
    selector, key = keys.signing_key(issuer)
    now = format_time(clock.now())
    document = {
        "Token": "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001",
        "Issuer": issuer,
        "Schema": CODE,
        "Issued": now,
        "Starts": now,
        "Context": {"Number": "7"},
    }
    return sign_document({**document, **changes}, key, selector)


def test_verify_token_of_a_trusted_issuer() -> None:
    Trust.objects.create(domain="theatre.test", domains=["library.test"])
    assert play("- VERIFY $t", t=card()).state == "DONE"
    assert play("- VERIFY:\n    Token: $t", t=card()).state == "DONE"
    assert play("- VERIFY: $t", t=card("theatre.test")).state == "DONE"  # one trusts oneself


def test_verify_token_that_is_not_genuine() -> None:
    assert "is not trusted" in error("- VERIFY $t", t=card())
    Trust.objects.create(domain="theatre.test", domains=["library.test"])
    assert "signature is wrong" in error("- VERIFY $t", t={**card(), "Context": {"Number": "8"}})
    assert "does not conform" in error("- VERIFY $t", t=card(Context={"Seat": "8"}))
    soon = format_time(clock.now() + timedelta(seconds=60))
    expired = card(Expires=soon)
    clock.move(120)
    assert "has expired" in error("- VERIFY $t", t=expired)
    assert "no key of library.test" in error("- VERIFY $t", t={**card(), "DKIM": "other"})
    assert "not a token" in error("- VERIFY $t", t="card")
    assert "who signed it" in error("- VERIFY $t", t={"Header": {}, "Body": {}})


def test_verify_data_against_its_schema() -> None:
    long = "- VERIFY:\n    Data: $d\n    Schema: library.test/CARD"
    assert play(long, d={"Number": "7"}).state == "DONE"
    assert play(f"- VERIFY $d:\n    Schema: {CODE}", d={"Number": "7"}).state == "DONE"
    assert "does not conform" in error(long, d={"Number": 7})
    assert "not known here" in error("- VERIFY $d:\n    Schema: .X/Y", d={})
    assert "Schema is empty" in error("- VERIFY $d:\n    Schema: $none", d={})
    assert "VERIFY takes" in error("- VERIFY:\n    Key: $none")
