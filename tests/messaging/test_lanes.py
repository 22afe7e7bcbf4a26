"""Lanes: posts to strangers take neither all of a process, nor the share of another sender."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from messaging import breaker, cause, clock, outbox
from messaging.models import Destination, InboxMessage
from messaging.outbox import delivering, lanes
from messaging.outbox.lanes import Lanes
from messaging.slots import Busy
from messaging.states import OutboxState
from messaging.transport import Reply
from tests.messaging.mail import fresh, make_due, queue, seconds_until_due
from tests.messaging.parties import BROKER, THEATRE, Desk, Peer
from tests.messaging.peer_server import PeerServer, answers

WALLET, OTHER = "wallet-1", "wallet-2"


def hold(each: Lanes, count: int, who: str, *, stranger: bool, to: str = "") -> Any:
    """Take lanes as so many posts would; return how many were free."""
    taken = 0
    for number in range(count):
        lane = each.taken(to or f"{who}{number}.test", who, stranger=stranger)
        try:
            lane.__enter__()
        except Busy:
            continue
        HELD.append(lane)
        taken += 1
    return taken


HELD: list[Any] = []


@pytest.fixture(autouse=True)
def _lanes_are_given_back() -> Iterator[None]:
    yield
    while HELD:
        HELD.pop().__exit__(None, None, None)


def test_strangers_get_half_of_all_lanes_and_one_cause_a_quarter_of_them() -> None:
    each = Lanes(16)
    assert hold(each, 40, WALLET, stranger=True) == 2
    assert hold(each, 40, OTHER, stranger=True) == 2
    assert hold(each, 40, "", stranger=True) == 4  # what nobody else has caused
    assert hold(each, 40, "wallet-3", stranger=True) == 0
    assert hold(each, 40, "wallet-3", stranger=False) == 8


def test_no_destination_and_no_cause_gets_all_lanes() -> None:
    each = Lanes(8)
    assert hold(each, 40, WALLET, stranger=False) == 4
    assert hold(each, 40, "", stranger=False, to=BROKER) == 4
    assert hold(each, 1, "", stranger=False) == 0


def test_lane_that_is_refused_takes_nothing() -> None:
    each = Lanes(8)
    assert hold(each, 9, WALLET, stranger=True) == 1
    assert each.all.taken_now == each.strangers.taken_now == 1


@pytest.mark.parametrize("most", range(1, 5))
def test_few_lanes_let_somebody_through(most: int) -> None:
    assert hold(Lanes(most), 1, WALLET, stranger=True) == 1


# -- in the outbox ---------------------------------------------------------------------------------


def test_message_without_a_lane_waits_untried_and_ever_longer(
    broker_inbox: PeerServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "lanes", Lanes(8))
    with cause.caused_by(WALLET):
        message = queue()
    assert fresh(message).caused_by == WALLET
    hold(lanes.lanes, 1, WALLET, stranger=True)
    assert outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts, row.envelope) == (OutboxState.DUE, 0, "")
    assert 0.5 < seconds_until_due(message) <= 1.25
    clock.move(60)
    outbox.deliver(message.pk)
    assert 20 < seconds_until_due(message) < 40
    assert broker_inbox.received == []
    HELD.pop().__exit__(None, None, None)
    make_due(message)
    outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT
    assert lanes.lanes.all.taken_now == 0


def test_call_without_a_lane_is_given_up_in_minutes(
    broker_inbox: PeerServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "lanes", Lanes(8))
    with cause.caused_by(WALLET):
        call = queue(subject="Status@Broker", expects_response=True)
    hold(lanes.lanes, 1, WALLET, stranger=True)
    clock.move(delivering.CALL_PATIENCE.total_seconds() + 1)
    outbox.deliver(call.pk)
    error = "too many messages wait to be sent before this one"
    assert desk.responses == [(str(call.pk), None, error)]


def test_destination_that_answers_is_no_stranger_until_it_fails(
    broker_inbox: PeerServer, desk: Desk
) -> None:
    def is_stranger() -> bool:
        permit = breaker.Permit(queue("run:9:9"))
        permit.look()
        return permit.is_stranger

    assert is_stranger()
    broker_inbox.behaviours = [answers(502), answers(422), answers(200), answers(502), answers(200)]
    for number, stranger in enumerate([True, False, False, True, False]):
        outbox.deliver(queue(f"run:{number}:1").pk)
        assert is_stranger() == stranger
    assert Destination.objects.get().reached_at is not None


def test_destination_of_the_release_before_is_a_stranger_once(broker_inbox: PeerServer) -> None:
    Destination.objects.create(domain=BROKER, changed_at=clock.now())
    outbox.deliver(queue().pk)
    assert Destination.objects.get().reached_at is not None


def test_delivery_to_ourselves_needs_no_lane(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "lanes", Lanes(1))
    hold(lanes.lanes, 1, "", stranger=True)
    message = queue(recipient=THEATRE, subject="Offered@Issuer")
    outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT


@pytest.mark.django_db(transaction=True)
def test_silent_names_of_one_wallet_leave_lanes_for_another(
    broker: Peer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty names that never answer, by as many threads as there are lanes."""
    monkeypatch.setattr(lanes, "lanes", Lanes(8))
    silence, posting = threading.Event(), []

    def carry(recipient: str, raw: bytes) -> Reply:
        if recipient != BROKER:
            posting.append(recipient)
            silence.wait(20)
        return Reply(200, b"{}")

    monkeypatch.setattr(delivering, "carry", carry)
    with cause.caused_by(WALLET):
        silent = [queue(f"run:{n}:1", recipient=f"silent{n}.test") for n in range(40)]
    todo = iter(silent)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                message = next(todo, None)
            if message is None:
                break
            outbox.deliver(message.pk)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0 if posting else 5)
    with cause.caused_by(OTHER):
        honest = queue("honest")
    assert outbox.deliver(honest.pk)
    assert fresh(honest).state == OutboxState.SENT
    assert len(posting) == 1
    silence.set()
    for thread in threads:
        thread.join()


# -- whose share -----------------------------------------------------------------------------------


def received(sender: str, key: str = "f" * 64) -> InboxMessage:
    return InboxMessage(sender=sender, sender_key=key)


def test_cause_is_the_sender_and_goes_on_through_what_follows(theatre: str) -> None:
    assert cause.of(None) == ""
    assert cause.of(received(WALLET)) == WALLET
    assert cause.of(received("Anonymous")) == f"key:{'f' * 64}"
    assert cause.of(received(THEATRE)) == ""  # ourselves
    with cause.caused_by(WALLET):
        assert cause.of(received(THEATRE)) == WALLET
        assert cause.of(None) == WALLET
    assert cause.now() == ""


def test_cause_goes_into_our_own_inbox_with_a_message(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(
        "messaging.registry.registry.start", lambda message: heard.append(cause.of(message))
    )
    with cause.caused_by(WALLET):
        message = queue(recipient=THEATRE, subject="Offered@Issuer")
    outbox.deliver(message.pk)
    assert heard == [WALLET]
