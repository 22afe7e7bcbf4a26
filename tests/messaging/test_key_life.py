"""The life of a hosted domain's key, and that a rotation under load loses and refuses nothing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from messaging import clock, dns_keys, inbox, key_life, keys, outbox
from messaging.documents import check_document, sign_document
from messaging.errors import KeyLifeError, SealBroken, UnknownDomain
from messaging.models import DomainKey, InboxMessage, OutboxMessage, Refusal
from messaging.outbox import delivering
from messaging.signing import PublicKey
from messaging.states import KeyState, OutboxState
from messaging.syntax import format_time
from tests.messaging.dns_server import Zone, dns_server
from tests.messaging.mail import make_due, queue, sent
from tests.messaging.parties import BROKER, THEATRE, TOKEN, Desk, Peer
from tests.messaging.peer_server import PeerServer, answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


def states() -> dict[str, str]:
    return dict(DomainKey.objects.values_list("selector", "state"))


def test_rotation_keeps_the_old_key_for_verification(theatre: str) -> None:
    old = keys.signing_key(THEATRE)[1]
    assert key_life.create_next(THEATRE).selector == "pw2"
    assert keys.signing_key(THEATRE)[0] == "pw1"
    following, before = key_life.rotate(THEATRE, check_published=False)
    assert (following.selector, before.selector) == ("pw2", "pw1")
    assert keys.signing_key(THEATRE)[0] == "pw2"
    assert keys.known_key(THEATRE, "pw1") == old.public
    assert states() == {"pw1": KeyState.PREVIOUS, "pw2": KeyState.ACTIVE}


def test_rotation_waits_until_the_next_key_is_in_dns(theatre: str, zone: Zone) -> None:
    following = key_life.create_next(THEATRE)
    public = PublicKey.from_text(following.public_key)
    with pytest.raises(KeyLifeError, match="not in DNS yet"):
        key_life.rotate(THEATRE)
    zone.publish(THEATRE, "pw2", dns_keys.record_value(keys.published_key(THEATRE)[1]))
    with pytest.raises(KeyLifeError, match="not in DNS yet"):
        key_life.rotate(THEATRE)
    zone.publish(THEATRE, "pw2", dns_keys.record_value(public))
    zone.validated = False
    with pytest.raises(KeyLifeError, match="DNSSEC"):
        key_life.rotate(THEATRE)
    zone.validated = True
    assert key_life.rotate(THEATRE)[0].selector == "pw2"


def test_keys_change_only_as_their_life_allows(theatre: str) -> None:
    with pytest.raises(KeyLifeError, match="next key first"):
        key_life.rotate(THEATRE, check_published=False)
    with pytest.raises(KeyLifeError, match="ACTIVE"):
        key_life.retire(THEATRE, "pw1")
    key_life.create_next(THEATRE)
    with pytest.raises(KeyLifeError, match="made already"):
        key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    with pytest.raises(KeyLifeError, match="minutes ago"):
        key_life.retire(THEATRE, "pw1")
    clock.move(601)
    assert key_life.retire(THEATRE, "PW1").private_key == ""
    with pytest.raises(KeyLifeError, match="RETIRED"):
        key_life.retire(THEATRE, "pw1")
    with pytest.raises(KeyLifeError, match="no key 'pw9'"):
        key_life.compromise(THEATRE, "pw9")
    for act in (key_life.create_next, key_life.rotate, key_life.records):
        with pytest.raises(UnknownDomain):
            act("charlie.test")


def document() -> dict[str, Any]:
    selector, key = keys.signing_key(THEATRE)
    now = format_time(clock.now())
    fields = {"Token": TOKEN, "Issuer": THEATRE, "Schema": ".HOST/BOOKING/SELF", "Issued": now}
    return sign_document(fields, key, selector)


def verifies(token: dict[str, Any]) -> bool:
    key = keys.document_key(THEATRE, token["DKIM"])
    if key is None:
        return False
    check_document(token, key, clock.now(), issuer=THEATRE, token=TOKEN)
    return True


def test_token_of_a_retired_key_verifies_and_a_message_does_not(theatre: str) -> None:
    token = document()
    key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    clock.move(601)
    key_life.retire(THEATRE, "pw1")
    assert verifies(token)
    assert keys.known_key(THEATRE, "pw1") is None
    assert [name for name, _ in key_life.records(THEATRE)] == ["pw2._domainkey.pw.theatre.test"]


def test_compromised_key_verifies_nothing_and_the_next_one_signs(theatre: str) -> None:
    token = document()
    waiting = queue()
    OutboxMessage.objects.filter(pk=waiting.pk).update(signed_at=clock.now(), envelope="{}")
    key_life.create_next(THEATRE)
    key, current = key_life.compromise(THEATRE, "pw1")
    assert (key.state, key.private_key, current.selector) == (KeyState.COMPROMISED, "", "pw2")
    assert keys.signing_key(THEATRE)[0] == "pw2"
    assert not verifies(token)
    assert keys.known_key(THEATRE, "pw1") is None
    assert OutboxMessage.objects.get().signed_at is None
    assert (f"pw1._domainkey.pw.{THEATRE}", "v=DKIM1; k=ed25519; p=") in key_life.records(THEATRE)
    with pytest.raises(KeyLifeError, match="already"):
        key_life.compromise(THEATRE, "pw1")


def test_compromise_without_a_next_key_makes_one(theatre: str) -> None:
    _, current = key_life.compromise(THEATRE, "pw1")
    assert current.selector == "pw2"
    assert keys.signing_key(THEATRE)[0] == "pw2"


def test_message_of_a_compromised_key_is_refused_at_the_inbox(theatre: str, desk: Desk) -> None:
    keys.create_domain(BROKER)
    thief = Peer(BROKER, *keys.signing_key(BROKER))  # type: ignore[arg-type]
    assert inbox.receive(thief.message("Offered@Issuer")).status == 200
    key_life.compromise(BROKER, "pw1")
    early = clock.now()
    assert inbox.receive(thief.message("Offered@Issuer", now=early)).status == 401
    assert Refusal.objects.get().reason == "key"


def test_resealing_moves_every_key_to_the_first_field_key(theatre: str, settings: Any) -> None:
    old = settings.FIELD_KEYS
    new = f"k9:{'22' * 32}"
    before = keys.signing_key(THEATRE)[1]
    settings.FIELD_KEYS = f"{new},{old}"
    assert key_life.reseal_keys() == (1, [])
    assert key_life.reseal_keys() == (0, [])
    settings.FIELD_KEYS = new
    keys.forget_remembered()
    assert keys.signing_key(THEATRE)[1].public == before.public
    settings.FIELD_KEYS = f"k8:{'33' * 32}"
    keys.forget_remembered()
    assert key_life.reseal_keys() == (0, ["pw1 of theatre.test: there is no field key 'k9'"])
    with pytest.raises(SealBroken, match="no field key 'k9'"):
        keys.signing_key(THEATRE)


@pytest.mark.django_db(transaction=True)
def test_rotation_under_load_loses_and_refuses_nothing(theatre: str, desk: Desk) -> None:
    """Four senders post through the outbox and the real inbox while keys rotate five times."""
    keys.create_domain(BROKER)
    stop, posted, faults = threading.Event(), Counter[str](), []

    def send() -> None:
        try:
            while not stop.is_set():
                message = queue(
                    key=str(uuid4()), sender=BROKER, recipient=THEATRE, subject="Offered@Issuer"
                )
                outbox.deliver(message.pk)
                posted[str(message.pk)] += 1
        except Exception as fault:  # noqa: BLE001 - shown by the test's own thread
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            key_life.create_next(BROKER)
            before = len(posted)
            while len(posted) < before + 20 and not faults:
                stop.wait(0.01)
            key_life.rotate(BROKER, check_published=False)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults
    while OutboxMessage.objects.filter(state=OutboxState.DUE).exists():  # SQLite may be busy
        for pk in OutboxMessage.objects.filter(state=OutboxState.DUE).values_list("pk", flat=True):
            OutboxMessage.objects.filter(pk=pk).update(due_at=clock.now())
            outbox.deliver(pk)
    assert not Refusal.objects.exists()
    assert not OutboxMessage.objects.exclude(state=OutboxState.SENT).exists()
    assert InboxMessage.objects.count() == len(posted) >= 100
    envelopes = InboxMessage.objects.values_list("envelope", flat=True)
    assert len({envelope["Header"]["Selector"] for envelope in envelopes}) >= 5


@pytest.mark.django_db(transaction=True)
def test_message_refused_for_a_key_that_was_voided_meanwhile_is_signed_again(
    broker: Peer, broker_inbox: PeerServer
) -> None:
    """The peer knows of the theft before it has the message: it must get one with the new key."""

    def void_then_refuse(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        key_life.compromise(THEATRE, "pw1")
        connections.close_all()
        answers(401)(handler, raw)

    broker_inbox.behaviours = [void_then_refuse, answers(401), answers(200)]
    message = queue()
    assert outbox.deliver(message.pk)
    waiting = OutboxMessage.objects.get()
    assert (waiting.state, waiting.attempts) == (OutboxState.DUE, 1)
    assert "signs no more" in waiting.last_error
    make_due(message)
    assert outbox.deliver(message.pk)
    assert [envelope.header.selector for envelope in sent(broker_inbox)] == ["pw1", "pw2"]
    assert "may not see it yet" in OutboxMessage.objects.get().last_error
    clock.move(delivering.KEY_SPREADS.total_seconds() + 1)
    make_due(message)
    broker_inbox.behaviours = [answers(401)]
    assert outbox.deliver(message.pk)
    assert OutboxMessage.objects.get().state == OutboxState.DEAD  # all can see it: it is final


def test_message_that_waits_is_signed_with_the_key_of_a_rotation(
    broker: Peer, broker_inbox: PeerServer
) -> None:
    broker_inbox.behaviours = [answers(503), answers(503), answers(200)]
    message = queue()
    assert outbox.deliver(message.pk)
    make_due(message)
    assert outbox.deliver(message.pk)
    key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    make_due(message)
    assert outbox.deliver(message.pk)
    assert [each.header.selector for each in sent(broker_inbox)] == ["pw1", "pw1", "pw2"]
    assert broker_inbox.received[0] == broker_inbox.received[1]
    assert OutboxMessage.objects.get().state == OutboxState.SENT
