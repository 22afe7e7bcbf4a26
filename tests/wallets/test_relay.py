"""The relay: a wallet's own messages reach their inbox, and nothing else goes anywhere."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from django.test import Client

from messaging import clock, transport
from messaging.envelope import ANONYMOUS, Envelope
from messaging.errors import Unreachable
from messaging.signing import PrivateKey
from tests.flows.steps import TICKET, agreed_ticket
from tests.person import BROKER, Person
from tests.pump import pump
from tests.wallets.test_api import signed
from wallets import relay as relaying
from wallets.models import Notification
from wallets.relay import Elsewhere, NotRelayed

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
    assert relaying._object(b"[" * 30_000) == {}


# -- what is under way ---------------------------------------------------------------------------


def at_once(asked: list[Elsewhere]) -> list[int]:
    """Relay these at the same time; return the status of each."""

    async def one(elsewhere: Elsewhere) -> int:
        try:
            return (await elsewhere.relay()).status
        except NotRelayed as refusal:
            return refusal.status

    async def every() -> list[int]:
        return await asyncio.gather(*map(one, asked))

    statuses = asyncio.run(every())
    assert relaying.IN_FLIGHT.taken_now == 0
    return statuses


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that takes its time."""

    def post(to: str, raw: bytes) -> transport.Reply:
        time.sleep(0.5)
        raise Unreachable("nobody answers")

    monkeypatch.setattr(transport, "post", post)


def test_wallet_has_so_many_slots_and_others_have_theirs(silent: None) -> None:
    mine = [Elsewhere("alice", f"silent{n}.test", b"", False) for n in range(10)]
    others = [Elsewhere(f"w{n}", f"quiet{n}.test", b"", False) for n in range(3)]
    began = time.monotonic()
    statuses = at_once([*mine, *others])
    assert sorted(statuses[:10]) == [502] * 4 + [503] * 6
    assert statuses[10:] == [502] * 3
    assert time.monotonic() - began < 5


def test_destination_has_so_many_slots(silent: None) -> None:
    asked = [Elsewhere(f"w{n}", "silent.test", b"", False) for n in range(12)]
    assert sorted(at_once(asked)) == [502] * 8 + [503] * 4


def test_silent_places_leave_slots_for_those_that_answer(
    silent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = transport.post

    def some_answer(to: str, raw: bytes) -> transport.Reply:
        return transport.Reply(200, b"{}") if to == "theatre.example" else post(to, raw)

    monkeypatch.setattr(transport, "post", some_answer)
    hostile = [Elsewhere(f"w{n}", f"silent{n}.test", b"", False) for n in range(500)]
    honest = [Elsewhere(f"honest{n}", "theatre.example", b"", True) for n in range(4)]
    statuses = at_once([*hostile, *honest])
    assert statuses[500:] == [200] * 4
    assert 24 <= statuses.count(502) <= 96  # as they become free; the rest hear 503 at once


def test_place_that_answered_is_known(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "post", lambda to, raw: transport.Reply(200, b"{}"))
    chat = alice.open(TICKET)
    row = Notification.objects.filter(subject="Open@Notifier").get()
    row.message["Body"]["Host"] = "elsewhere.test"
    row.save()
    raw = message(alice, "elsewhere.test", "Prompted@Host", {}, chat=chat)
    registration = row.registration
    first = relaying.relay(registration, raw)
    assert isinstance(first, Elsewhere) and not first.is_known
    assert relay(alice, raw).json() == {"Status": 200, "Answer": {}}
    again = relaying.relay(registration, raw)
    assert isinstance(again, Elsewhere) and again.is_known


ODD_HOSTS = ["a" * 63 + ".test", ".".join(["a" * 61] * 4) + ".test", "xn--a.test", "x.test\0"]


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_odd_name_of_a_peer_is_unreachable_and_nothing_worse(host: str, settings: Any) -> None:
    with pytest.raises(Unreachable):
        transport.post(host, b"{}")


@pytest.mark.parametrize("fault", [ValueError("odd"), UnicodeError("odd"), RuntimeError("odd")])
def test_whatever_a_library_raises_for_a_peer_is_unreachable(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(transport.CheckedBackend, "connect_tcp", fails)
    with pytest.raises(Unreachable, match="odd"):
        transport.post("theatre.example", b"{}")
