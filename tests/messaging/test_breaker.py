"""A destination that does not answer delays its own messages only; one at a time asks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from messaging import breaker, clock, outbox
from messaging.breaker import Permit
from messaging.models import Destination, OutboxMessage
from messaging.outbox.delivering import CALL_PATIENCE
from messaging.states import BreakerState, OutboxState
from tests.messaging.mail import fresh, make_due, queue, seconds_until_due
from tests.messaging.parties import BROKER, Desk
from tests.messaging.peer_server import PeerServer, answers, peer_server

OTHER = "charlie.test"
DEAD_END = "http://127.0.0.1:1"


@pytest.fixture
def others(broker_inbox: PeerServer, settings: Any) -> Iterator[PeerServer]:
    """broker.test answers nobody; charlie.test's inbox, which does, is returned."""
    with peer_server() as server:
        settings.PEER_ROUTES = [f"{BROKER}={DEAD_END}", f"{OTHER}={server.base}"]
        yield server


def revive(broker_inbox: PeerServer, settings: Any) -> None:
    settings.PEER_ROUTES = [f"{BROKER}={broker_inbox.base}"]


def down() -> OutboxMessage:
    """Let broker.test fail as often as it takes; return the message that found out."""
    message = queue("finds:out")
    for _ in range(breaker.FAILURES):
        make_due(message)
        assert outbox.deliver(message.pk)
    assert Destination.objects.get().state == BreakerState.OPEN
    return message


def probe(message: OutboxMessage) -> None:
    """Let the next probe's time come, and let this message try."""
    clock.move((Destination.objects.get().until - clock.now()).total_seconds() + 0.01)  # type: ignore[operator]
    make_due(message)
    assert outbox.deliver(message.pk)


def test_destination_is_down_after_failures_in_a_row(others: PeerServer) -> None:
    message = queue()
    for count in range(1, breaker.FAILURES):
        make_due(message)
        outbox.deliver(message.pk)
        row = Destination.objects.get(domain=BROKER)
        assert (row.state, row.failures) == (BreakerState.CLOSED, count)
    make_due(message)
    outbox.deliver(message.pk)
    row = Destination.objects.get(domain=BROKER)
    assert (row.state, row.failures) == (BreakerState.OPEN, breaker.FAILURES)
    assert "ConnectError" in row.last_error


def test_messages_to_it_wait_without_an_attempt(
    others: PeerServer, broker_inbox: PeerServer, settings: Any
) -> None:
    down()
    revive(broker_inbox, settings)
    message = queue()
    assert outbox.deliver(message.pk)
    assert broker_inbox.received == []
    row = fresh(message)
    assert (row.state, row.attempts, row.last_error) == (OutboxState.DUE, 0, "")
    assert 0 < seconds_until_due(message) < 3


def test_messages_to_others_are_not_delayed(others: PeerServer) -> None:
    down()
    message = queue(recipient=OTHER)
    assert outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT
    assert len(others.received) == 1


def test_one_message_probes_and_the_others_wait_for_it(others: PeerServer) -> None:
    first = down()
    second, third = (
        queue("run:1:2"),
        queue("run:1:3", expires_at=clock.now() + timedelta(seconds=9)),
    )
    clock.move(2)
    with Permit(first) as permit:
        assert permit.probes
        with pytest.raises(breaker.Held) as held:
            Permit(second).look()
        assert held.value.until > clock.now() + timedelta(seconds=14)
        assert seconds_until_due(second) > 14
        assert seconds_until_due(third) <= 7  # never beyond its deadline


def test_probe_that_is_answered_lets_all_go(
    others: PeerServer, broker_inbox: PeerServer, settings: Any
) -> None:
    first = down()
    waiting = [queue(f"run:1:{number}") for number in range(3)]
    for message in waiting:
        outbox.deliver(message.pk)
    revive(broker_inbox, settings)
    broker_inbox.behaviours = [answers(422), answers(200)]  # whatever it says, it is there
    probe(first)
    row = Destination.objects.get()
    assert (row.state, row.failures, row.until) == (BreakerState.CLOSED, 0, None)
    assert fresh(first).state == OutboxState.DEAD
    for message in waiting:
        assert seconds_until_due(message) <= 0
        outbox.deliver(message.pk)
        assert fresh(message).state == OutboxState.SENT


def test_probe_that_fails_probes_again_after_a_longer_pause(others: PeerServer) -> None:
    first = down()
    for failures in range(breaker.FAILURES + 1, breaker.FAILURES + 9):
        probe(first)
        row = Destination.objects.get()
        assert (row.state, row.failures) == (BreakerState.OPEN, failures)
        longest = min(2 ** (failures - breaker.FAILURES), breaker.PAUSE_CAP)
        assert longest / 2 - 1 < seconds_until_due(first) <= longest


def test_prober_that_dies_is_followed_by_another(others: PeerServer) -> None:
    first = down()
    clock.move(2)
    assert Permit(first).__enter__().probes
    clock.move(breaker.PROBE_LEASE.total_seconds() + 1)
    assert Permit(first).__enter__().probes
    with pytest.raises(breaker.Held):
        Permit(first).look()


def test_success_ends_a_row_of_failures(
    others: PeerServer, broker_inbox: PeerServer, settings: Any
) -> None:
    message = queue()
    for _ in range(breaker.FAILURES - 1):
        make_due(message)
        outbox.deliver(message.pk)
    revive(broker_inbox, settings)
    make_due(message)
    outbox.deliver(message.pk)
    assert Destination.objects.get().failures == 0


@pytest.mark.parametrize(("status", "failures"), [(500, 0), (503, 0), (504, 0), (429, 0), (502, 1)])
def test_answers_of_a_server_that_is_there_are_no_failures(
    broker_inbox: PeerServer, status: int, failures: int
) -> None:
    broker_inbox.behaviours = [answers(status)]
    outbox.deliver(queue().pk)
    assert sum(Destination.objects.values_list("failures", flat=True)) == failures


def test_script_that_waits_for_an_answer_is_told_in_minutes(others: PeerServer, desk: Desk) -> None:
    down()
    call = queue("run:2:1", expects_response=True)
    outbox.deliver(call.pk)
    assert fresh(call).state == OutboxState.DUE
    clock.move(CALL_PATIENCE.total_seconds())
    Destination.objects.update(until=clock.now() + timedelta(minutes=1))
    make_due(call)
    outbox.deliver(call.pk)
    assert desk.responses == [(str(call.pk), None, "broker.test does not answer")]


def test_more_than_may_wait_are_given_up(others: PeerServer, settings: Any, desk: Desk) -> None:
    settings.OUTBOX_MOST = 2
    down()
    second, third = queue("run:2:1"), queue("run:2:2")
    for message in (second, third):
        outbox.deliver(message.pk)
    assert fresh(second).state == OutboxState.DUE
    row = fresh(third)
    assert (row.state, row.attempts) == (OutboxState.DEAD, 1)
    assert row.last_error == "broker.test does not answer, and too many messages wait for it"
    assert desk.undeliverable == [str(third.pk)]
    assert outbox.resend(third.pk)


def test_operator_has_it_tried_at_once(others: PeerServer) -> None:
    first = down()
    assert breaker.probe_now(BROKER)
    assert seconds_until_due(first) <= 0
    with Permit(first) as permit:
        assert permit.probes
        assert not breaker.probe_now(BROKER)  # somebody is at it
    assert not breaker.probe_now(OTHER)
