"""Tokens and manifests: the reference library's are believed here, and ours there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from pollyweb import Manifest, Msg, Token

from host.models import Manifest as OurManifest
from host.models import Trust
from messaging import clock, inbox, keys
from messaging.documents import InvalidDocument, check_document, sign_document
from messaging.envelope import ANONYMOUS
from messaging.signing import PrivateKey
from messaging.syntax import format_time
from tests.flows.steps import agreed_ticket
from tests.interop.contents import BODIES, ODD
from tests.interop.reference import OURS, PAIR, their_key
from tests.messaging.parties import CHAT, TOKEN
from tests.person import Person, response

THEATRE = "theatre.test"
SCHEMA = ".HOST/BOOKING/SELF"
PRIVATE = PrivateKey.generate()


def their_token(context: dict[str, Any], **fields: str) -> dict[str, Any]:
    now = format_time(clock.now())
    token = Token(
        Token=TOKEN,
        Issuer=THEATRE,
        Schema=SCHEMA,
        Context=context,
        Issued=now,
        DKIM="pw1",
        **fields,
    )
    return dict(token.sign(PAIR.PrivateKey).to_dict())


def our_token(context: dict[str, Any], **fields: str) -> dict[str, Any]:
    now = format_time(clock.now())
    document = {"Token": TOKEN, "Issuer": THEATRE, "Schema": SCHEMA, "Context": context}
    return sign_document({**document, "Issued": now, **fields}, PRIVATE, "pw1")


def believe(document: dict[str, Any]) -> None:
    wire = json.loads(json.dumps(document))
    check_document(wire, OURS, clock.now(), issuer=THEATRE, token=TOKEN, schema=SCHEMA)


@pytest.mark.parametrize("name", ODD)
def test_tokens_with_odd_contexts_verify_on_both_sides(name: str) -> None:
    believe(their_token(ODD[name]))
    assert Token.parse(json.dumps(our_token(ODD[name]))).verify(their_key(PRIVATE.public))


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_tokens_with_any_legal_context_verify_on_both_sides(context: dict[str, Any]) -> None:
    believe(their_token(context))
    assert Token.parse(our_token(context)).verify(their_key(PRIVATE.public))


@pytest.mark.parametrize(
    "fields",
    [
        {"Expires": "2099-01-03T00:00:00.000Z"},
        {"Expires": "2099-01-03T00:00:00Z", "Starts": "2026-01-02T03:00:00Z"},
        {"Identifier": "identifier.test", "Biostamp": CHAT},
    ],
)
def test_optional_fields_verify_on_both_sides(fields: dict[str, str]) -> None:
    believe(their_token({}, **fields))
    assert Token.parse(our_token({}, **fields)).verify(their_key(PRIVATE.public))


def test_changed_token_is_believed_on_neither_side() -> None:
    with pytest.raises(InvalidDocument):
        believe({**their_token({"Seat": "B10"}), "Context": {"Seat": "A1"}})
    with pytest.raises(Exception, match="Invalid signature"):
        Token.parse({**our_token({}), "Context": {"Seat": "A1"}}).verify(their_key(PRIVATE.public))


@pytest.mark.django_db(transaction=True)
def test_token_of_a_flow_verifies_in_the_library(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    document = response(alice.download(chat, THEATRE, token))
    assert Token.parse(document).verify(their_key(keys.published_key(THEATRE)[1]))


@pytest.mark.django_db(transaction=True)
def test_manifest_is_read_by_the_library(places: list[str]) -> None:
    """As `Domain.fetch_manifest` asks and reads, without its HTTPS."""
    OurManifest.objects.create(
        domain=THEATRE, title="The Guild", small_icon="https://theatre.test/i.png", emoji="🎭"
    )
    Trust.objects.create(domain=THEATRE, title="Brokers", queries=[".BROKER"])
    asked = Msg(From=ANONYMOUS, To=THEATRE, Subject="Manifest@Domain", Body={})
    answer = inbox.receive(json.dumps(asked.to_dict()).encode())
    manifest = Manifest.from_dict(answer.body["Response"])
    assert manifest.About["Domain"] == THEATRE
    assert manifest.About["Title"] == "The Guild"
    assert manifest.Trust == [{"Title": "Brokers", "Action": "GRANT", "Queries": [".BROKER"]}]
