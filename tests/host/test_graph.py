"""What a stranger learns from a domain hosted here: manifest, titles, schemas, trust, keys."""

from __future__ import annotations

from typing import Any

import pytest

from host.models import Manifest, Schema, Title, Trust
from messaging import clock, inbox, key_life, keys
from messaging.envelope import Envelope
from messaging.models import InboxMessage
from messaging.syntax import format_time
from tests.messaging.parties import Peer, pinned_peer

pytestmark = pytest.mark.django_db(transaction=True)
THEATRE, CHARLIE = "theatre.test", "charlie.test"
BOOKING = "theatre.test/BOOKING"


@pytest.fixture(autouse=True)
def theatre() -> None:
    keys.create_domain(THEATRE, "The Guild")
    Manifest.objects.create(
        domain=THEATRE,
        title="The Guild theatre",
        description="Plays",
        emoji="🎭",
        small_icon="https://theatre.test/icon.png",
        sections={"Delegate": [{"Domain": "agent.test"}], "About": {"Domain": "evil.test"}},
    )


def unsigned(subject: str, body: dict[str, Any]) -> inbox.Answer:
    envelope = Envelope.build(
        sender="Anonymous", to=THEATRE, subject=subject, body=body, now=clock.now()
    )
    return inbox.receive(envelope.to_bytes())


def asked(subject: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """Ask unsigned and as a signing peer; expect the same of both, and the answer to be signed."""
    peer = pinned_peer(CHARLIE)
    signed = inbox.receive(peer.message(subject, body, to=THEATRE))
    stranger = unsigned(subject, body)
    assert signed.status == stranger.status == status
    if status != 200:
        assert signed.body == stranger.body
        return signed.body
    answers = []
    for answer in (signed, stranger):
        response = Envelope.parse(answer.body["Response"])
        assert response.hash_matches()
        assert response.verifies(keys.published_key(THEATRE)[1])
        assert response.header.sender == THEATRE
        answers.append(dict(response.body))
    assert answers[0] == answers[1]
    return answers[0]


def test_manifest_is_a_bare_map() -> None:
    Trust.objects.create(
        domain=THEATRE, title="Brokers", queries=[".BROKER"], domains=["broker.test"]
    )
    answer = unsigned("Manifest@Domain", {})
    assert answer.status == 200
    trust = {
        "Title": "Brokers",
        "Action": "GRANT",
        "Queries": [".BROKER"],
        "Domains": ["broker.test"],
    }
    assert answer.body["Response"] == {
        "🤝": "pollyweb.org/MANIFEST:1.0",
        "Buffer": THEATRE,
        "About": {
            "Domain": THEATRE,
            "Language": "en-us",
            "Title": "The Guild theatre",
            "Description": "Plays",
            "SmallIcon": "https://theatre.test/icon.png",
            "Emoji": "🎭",
        },
        "Delegate": [{"Domain": "agent.test"}],
        "Trusts": [trust],
        "Trust": [trust],
    }
    assert answer.body["Request"]["Subject"] == "Manifest@Domain"


def test_domain_without_a_manifest_has_a_small_one() -> None:
    Manifest.objects.all().delete()
    response = unsigned("Manifest@Domain", {}).body["Response"]
    assert response["About"] == {"Domain": THEATRE, "Language": "en-us", "Title": "The Guild"}


def test_about_is_translated_where_a_translation_is_known() -> None:
    Title.objects.create(code=THEATRE, language="pt", title="Teatro")
    about = asked("About@Graph", {"Domain": THEATRE, "Language": "pt-pt"})
    assert (about["Title"], about["Emoji"]) == ("Teatro", "🎭")
    assert asked("About@Graph", {"Domain": THEATRE})["Title"] == "The Guild theatre"


def test_about_of_what_is_not_known_is_refused() -> None:
    asked("About@Graph", {"Domain": "unknown.test"}, 403)
    asked("About@Graph", {"Domain": "no domain"}, 422)
    asked("About@Graph", {}, 422)


def test_schema_has_what_it_inherits_merged_in() -> None:
    Schema.objects.create(
        code="theatre.test/SEAT",
        title="Seat",
        format={"properties": {"Row": {"type": "string"}}, "required": ["Row"]},
        inherits=[".HOST/BOOKING", "theatre.test/BOOKING"],  # one unknown, one a cycle
    )
    Schema.objects.create(
        code=BOOKING,
        version="1.2",
        title="Booking",
        inherits=["theatre.test/SEAT"],
        format={"type": "object", "properties": {"For": {"type": "string"}}, "required": ["For"]},
    )
    answer = asked("Schema@Graph", {"Schema": f"{BOOKING}:1.1"})
    assert (answer["Title"], answer["Version"]) == ("Booking", "1.2")
    assert set(answer["Format"]["properties"]) == {"Row", "For"}
    assert set(answer["Format"]["required"]) == {"Row", "For"}
    asked("Schema@Graph", {"Schema": f"{BOOKING}:2.0"}, 403)
    asked("Schema@Graph", {"Schema": "nonsense"}, 422)


def test_schema_that_cannot_be_signed_is_refused() -> None:
    Schema.objects.create(code=BOOKING, title="Booking", format={"minimum": 0.5})
    asked("Schema@Graph", {"Schema": BOOKING}, 403)


def test_trust_is_answered_with_its_paths() -> None:
    Trust.objects.create(domain=THEATRE, queries=[f"{BOOKING}/*"], domains=["agent.test"])
    Trust.objects.create(domain="agent.test", domains=["broker.test"], roles=["CONSUMER"])
    question = {"Truster": THEATRE, "Trusted": "agent.test", "Schema": f"{BOOKING}/SEAT"}
    assert asked("Trusts@Graph", question) == {
        "Trusted": True,
        "Paths": [[THEATRE, "agent.test"]],
    }
    chain = {**question, "Trusted": "broker.test", "Role": "CONSUMER"}
    assert asked("Trusts@Graph", chain)["Trusted"] is True
    assert asked("Trusts@Graph", {**chain, "Role": "VAULT"})["Trusted"] is False
    assert asked("Trusts@Graph", {**question, "Schema": BOOKING})["Trusted"] is False
    asked("Trusts@Graph", {**question, "Role": "ISSUER"}, 403)
    asked("Trusts@Graph", {"Truster": THEATRE}, 422)


def test_old_keys_are_answered_and_compromised_ones_are_not() -> None:
    old = keys.published_key(THEATRE)[1]
    key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    question = {"Domain": THEATRE, "DKIM": "pw1"}
    assert asked("PublicKey@Graph", question) == {"Algorithm": "ed25519", "PublicKey": old.spki}
    key_life.compromise(THEATRE, "pw1")
    asked("PublicKey@Graph", question, 403)


def test_a_wallet_and_a_chat_may_not_ask_signed() -> None:
    assert inbox.receive(Peer("Anonymous").message("About@Graph", {}, to=THEATRE)).status == 422
    assert not InboxMessage.objects.exists()


def test_expiry_of_a_trust_is_published() -> None:
    moment = clock.now()
    Trust.objects.create(domain=THEATRE, expires_at=moment)
    [trust] = unsigned("Manifest@Domain", {}).body["Response"]["Trusts"]
    assert trust["Expires"] == format_time(moment)
