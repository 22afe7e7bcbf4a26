"""Only what verified is remembered: what strangers name costs its owner seconds and stays not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from messaging import answers, clock, dns_keys, inbox, key_life, keys, outbox, peer_keys
from messaging.errors import Unreachable
from messaging.models import DomainKey, KeyLookup, OutboxMessage, PeerKey
from messaging.outbox import delivering
from messaging.signing import PrivateKey
from messaging.states import LookupOutcome, OutboxState
from messaging.syntax import zone_of
from tests.messaging.dns_server import Zone, dns_server
from tests.messaging.mail import make_due, queue
from tests.messaging.parties import THEATRE, Desk, Peer
from tests.messaging.peer_server import PeerServer
from tests.messaging.peer_server import answers as status

pytestmark = pytest.mark.django_db
OWNER = "broker.test"


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        zone.negative_ttl = 900
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


def published(zone: Zone, name: str, selector: str = "pw1") -> Peer:
    """Return a domain with this key in DNS."""
    peer = Peer(name, selector)
    zone.publish(name, selector, dns_keys.record_value(peer.key.public))
    return peer


def received(peer: Peer) -> int:
    return inbox.receive(peer.message("Offered@Issuer")).status


def test_owner_is_believed_seconds_after_a_stranger_named_its_next_key(
    zone: Zone, theatre: str, desk: Desk
) -> None:
    assert received(published(zone, OWNER)) == 200
    assert received(Peer(OWNER, "pw2")) == 401  # a stranger, before the owner publishes it
    owner = published(zone, OWNER, "pw2")
    clock.move(6)
    assert received(owner) == 200


def test_owner_whom_nobody_knows_is_believed_after_a_minute(
    zone: Zone, theatre: str, desk: Desk
) -> None:
    assert received(Peer(OWNER, "pw1")) == 401
    owner = published(zone, OWNER)
    clock.move(61)
    assert received(owner) == 200


def test_refused_messages_leave_no_key_and_no_look_up_that_stays(
    zone: Zone, theatre: str, desk: Desk
) -> None:
    for number in range(3):
        published(zone, f"shop{number}.test")
        assert received(Peer(f"shop{number}.test", "pw1")) == 401  # a key is there: another one
        assert received(Peer(f"none{number}.test", "pw1")) == 401
    assert not PeerKey.objects.exists()
    assert KeyLookup.objects.count() == 6
    clock.move(61)
    peer_keys.prune()
    assert not KeyLookup.objects.exists()


def test_forged_message_changes_no_key_that_was_kept(zone: Zone, theatre: str, desk: Desk) -> None:
    owner = published(zone, OWNER)
    assert received(owner) == 200
    clock.move(zone.ttl + 1)
    kept = PeerKey.objects.values().get()
    zone.publish(OWNER, "pw1", dns_keys.record_value(PrivateKey.generate().public))
    assert received(owner) == 401  # DNS says otherwise now, and nothing verified with that
    assert PeerKey.objects.values().get() == kept


def test_dns_is_asked_once_for_forged_messages_and_the_proper_one(
    zone: Zone, theatre: str, desk: Desk
) -> None:
    owner = published(zone, OWNER)
    for _ in range(5):
        assert received(Peer(OWNER, "pw1")) == 401
    assert received(owner) == 200
    assert [kind for _, kind in zone.asked] == ["DS", "TXT"]
    row = PeerKey.objects.get()
    assert row.public_key == owner.key.public.spki
    assert row.expires_at is not None
    assert abs(row.expires_at - clock.now() - timedelta(seconds=zone.ttl)) < timedelta(seconds=5)


def test_names_of_one_zone_have_a_share_of_the_look_ups(
    zone: Zone, theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_keys, "MOST_OF_A_ZONE", 4)
    owner = published(zone, OWNER)
    assert received(Peer(OWNER, "pw1")) == 401
    for number in range(9):
        assert received(Peer(f"n{number}.charlie.test", "pw1")) == 401
    assert KeyLookup.objects.filter(zone="charlie.test").count() <= 5  # and the one that was asked
    assert KeyLookup.objects.filter(domain=OWNER).exists()
    assert received(owner) == 200


def test_all_look_ups_together_are_bounded(
    zone: Zone, theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_keys, "MOST_CLAIMS", 3)
    for number in range(7):
        assert received(Peer(f"charlie{number}.test", "pw1")) == 401
    assert peer_keys.prune() == 4
    assert KeyLookup.objects.count() == 3


@pytest.mark.parametrize(
    ("domain", "zone"),
    [
        ("theatre.test", "theatre.test"),
        ("A.b.Theatre.test", "theatre.test"),
        ("a.theatre.co.uk", "theatre.co.uk"),
        ("co.uk", "co.uk"),
        ("a.bbc.uk", "a.bbc.uk"),
        ("a.abc.test", "abc.test"),
    ],
)
def test_zone_of_a_domain(domain: str, zone: str) -> None:
    assert zone_of(domain) == zone


def test_look_up_of_the_release_before_is_asked_again(zone: Zone, theatre: str, desk: Desk) -> None:
    """It kept the key in PeerKey at once, and wrote `until`."""
    owner = published(zone, OWNER)
    now = clock.now()
    KeyLookup.objects.create(
        domain=OWNER,
        selector="pw1",
        outcome=LookupOutcome.FOUND,
        until=now + timedelta(hours=1),
        claimed_until=now,
    )
    assert received(owner) == 200


def test_key_of_an_answer_is_kept_when_it_verified(zone: Zone, theatre: str) -> None:
    owner = published(zone, OWNER)
    message = queue(subject="Status@Broker", expects_response=True)
    forged = base64.b64encode(bytes(64)).decode()
    for change, kept in (({"Signature": forged}, 0), ({}, 1)):
        answer = owner.envelope(
            "Status@Broker", {"Status": "ACTIVE"}, correlation=str(message.correlation)
        )
        raw = answers_with(answer.to_dict() | change)
        if kept:
            assert answers.read_answer(message, raw) == {"Status": "ACTIVE"}
        else:
            with pytest.raises(Unreachable):
                answers.read_answer(message, raw)
        assert PeerKey.objects.count() == kept


def answers_with(response: dict[str, Any]) -> bytes:
    return json.dumps({"Response": response}).encode()


# -- the sender's side ----------------------------------------------------------------------------


def aged(seconds: float) -> None:
    """Let the key that signs have begun so long ago."""
    key = DomainKey.objects.filter(domain_id=THEATRE, is_current=True)
    key.update(changed_at=clock.now() - timedelta(seconds=seconds))


def test_401_for_a_key_that_is_new_is_tried_again(broker_inbox: PeerServer) -> None:
    key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    broker_inbox.behaviours = [status(401), status(401), status(200)]
    message = queue()
    for state in (OutboxState.DUE, OutboxState.DUE, OutboxState.SENT):
        make_due(message)
        assert outbox.deliver(message.pk)
        assert OutboxMessage.objects.get().state == state
    assert len(broker_inbox.received) == 3


def test_401_for_a_key_that_all_can_see_is_final(broker_inbox: PeerServer, desk: Desk) -> None:
    aged(delivering.KEY_SPREADS.total_seconds() + 1)
    broker_inbox.behaviours = [status(401)]
    message = queue()
    assert outbox.deliver(message.pk)
    assert OutboxMessage.objects.get().state == OutboxState.DEAD
    assert desk.undeliverable == [str(message.pk)]


def test_401_of_an_inbox_here_is_final_for_a_new_key_too(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.create_domain(OWNER)
    message = queue(subject="Offered@Issuer")
    monkeypatch.setattr(keys, "known_key", lambda domain, selector: None)
    assert outbox.deliver(message.pk)
    assert OutboxMessage.objects.get().last_error == "refused: 401"
    assert OutboxMessage.objects.get().state == OutboxState.DEAD


def test_call_that_is_refused_for_a_new_key_ends_after_its_attempts(
    broker_inbox: PeerServer, desk: Desk
) -> None:
    """A script waits for the answer: it must not wait an hour."""
    broker_inbox.behaviours = [status(401)] * delivering.CALL_ATTEMPTS
    message = queue(subject="Status@Broker", expects_response=True)
    for _ in range(delivering.CALL_ATTEMPTS):
        make_due(message)
        assert outbox.deliver(message.pk)
    assert OutboxMessage.objects.get().state == OutboxState.DEAD
    assert [body for _, body, _ in desk.responses] == [None]
