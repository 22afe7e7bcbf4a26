"""The relay: a wallet's own messages reach their inbox, and nothing else goes anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from messaging import clock
from messaging.envelope import ANONYMOUS, Envelope
from messaging.signing import PrivateKey
from tests.flows.steps import TICKET, agreed_ticket
from tests.person import BROKER, Person
from tests.pump import pump
from tests.wallets.test_api import signed
from wallets import relay as relaying
from wallets.models import Notification

RELAY = "/wallet/relay"


def message(
    person: Person, to: str, subject: str, body: dict[str, Any], *, chat: str = ""
) -> bytes:
    """Return a message as the wallet, or as nobody with a chat's key, would sign it."""
    envelope = Envelope.build(
        sender=ANONYMOUS if chat else person.wallet,
        to=to,
        subject=subject,
        body=body,
        now=clock.now(),
    )
    return envelope.signed(person.chat_keys[chat] if chat else person.key).to_bytes()


def relay(person: Person, raw: bytes, headers: dict[str, str] | None = None) -> Any:
    return Client().post(
        RELAY,
        data=raw,
        content_type="application/json",
        headers=headers or signed(person, "POST", RELAY, raw),
    )


def test_message_of_the_wallet_reaches_its_broker_and_the_answer_comes_back(alice: Person) -> None:
    answer = relay(alice, message(alice, BROKER, "Frontend@Broker", {"Sets": ["Tokens"]}))
    assert answer.status_code == 200
    assert answer.json()["Status"] == 200
    assert answer.json()["Answer"]["Response"]["Body"]["Tokens"] == []


def test_peers_refusal_is_told_apart_from_the_relays_own(alice: Person) -> None:
    raw = message(alice, BROKER, "Saved@Broker", {})
    broken = raw.replace(b'"Saved@Broker"', b'"Opened@Broker"')
    answer = relay(alice, broken)
    assert (answer.status_code, answer.json()["Status"]) == (200, 401)


def test_offer_is_listed_until_it_is_decided(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    raw = message(alice, BROKER, "Frontend@Broker", {"Sets": ["Offers"]})
    [offer] = relay(alice, raw).json()["Answer"]["Response"]["Body"]["Offers"]
    assert (offer["Chat"], offer["Token"], offer["Issuer"]) == (chat, token, "theatre.test")
    assert offer["Title"] and offer["Starts"] and offer["Expires"] and offer["Until"]
    assert alice.saved("theatre.test", token).status == 200
    pump()
    again = message(alice, BROKER, "Frontend@Broker", {"Sets": ["Offers"]})
    assert relay(alice, again).json()["Answer"]["Response"]["Body"]["Offers"] == []


def test_chat_message_goes_to_a_host_that_the_broker_named(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    raw = message(alice, "theatre.test", "Issued@Issuer", {"Token": token}, chat=chat)
    answer = relay(alice, raw).json()
    assert answer["Answer"]["Response"]["Body"]["Token"] == token


@pytest.mark.parametrize(
    ("to", "subject", "anonymous"),
    [
        ("gym.test", "Issued@Issuer", True),  # nobody told this wallet of it
        ("elsewhere.test", "Prompted@Host", True),
        ("theatre.test", "Saved@Broker", False),  # a wallet speaks to its broker only
        (BROKER, "Hello@Host", False),  # no subject of a wallet
        ("theatre.test", "Hello@Host", True),
        ("theatre.test", "PublicKey@Graph", True),
    ],
)
def test_other_messages_go_nowhere(
    alice: Person, monkeypatch: pytest.MonkeyPatch, to: str, subject: str, anonymous: bool
) -> None:
    chat = alice.open(TICKET)
    monkeypatch.setattr("messaging.inbox.receive", lambda raw: pytest.fail("was passed on"))
    monkeypatch.setattr("messaging.transport.post", lambda *a: pytest.fail("was passed on"))
    raw = message(alice, to, subject, {}, chat=chat if anonymous else "")
    assert relay(alice, raw).status_code == 422


def test_strangers_wallet_in_a_message_is_not_passed_on(alice: Person, bob: Person) -> None:
    raw = message(bob, BROKER, "Frontend@Broker", {})
    assert relay(alice, raw).status_code == 422


def test_request_without_the_wallets_signature_is_refused(alice: Person) -> None:
    raw = message(alice, BROKER, "Frontend@Broker", {})
    other = signed(alice, "POST", RELAY, raw, key=PrivateKey.generate())
    assert relay(alice, raw, headers=other).status_code == 401
    assert Client().post(RELAY, data=raw, content_type="application/json").status_code == 401


def test_host_elsewhere_goes_through_the_checked_transport(alice: Person, settings: Any) -> None:
    """A name that leads inside is refused by the transport; the page hears 502, to try later."""
    settings.PEER_ROUTES = ["inside.test=http://127.0.0.1:9"]
    chat = alice.open(TICKET)
    row = Notification.objects.filter(subject="Open@Notifier").get()
    row.message["Body"]["Host"] = "inside.test"
    row.save()
    answer = relay(alice, message(alice, "inside.test", "Prompted@Host", {}, chat=chat))
    assert answer.status_code == 502


def test_large_message_is_refused(alice: Person) -> None:
    raw = message(alice, BROKER, "Saved@Broker", {"Path": "x" * relaying.LARGEST})
    assert relay(alice, raw).status_code == 413


def test_wallet_that_asks_too_often_is_told_so(alice: Person, bob: Person, settings: Any) -> None:
    settings.RELAY_RATE = "2/min"
    asked = [relay(alice, message(alice, BROKER, "Frontend@Broker", {})) for _ in range(3)]
    assert [each.status_code for each in asked] == [200, 200, 429]
    assert relay(bob, message(bob, BROKER, "Frontend@Broker", {})).status_code == 200


def test_answer_that_is_no_object_is_none() -> None:
    assert relaying._object(b"[1]") == relaying._object(b"<html>") == relaying._object(b"") == {}
    assert relaying._object(json.dumps({"a": 1}).encode()) == {"a": 1}
