"""The outbox: messages are queued once, sent signed, and tried again when that may help."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, transaction

from messaging import clock, keys, outbox
from messaging.errors import Unsendable
from messaging.models import DomainKey, InboxMessage, OutboxMessage
from messaging.outbox import delivering, settling
from messaging.registry import registry
from messaging.states import OutboxState
from tests.messaging.mail import HOUR, OFFER, fresh, make_due, queue, seconds_until_due, sent
from tests.messaging.parties import BROKER, CORRELATION, THEATRE, Desk
from tests.messaging.peer_server import PeerServer, answers

# -- queueing --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_queued_message_is_rung_for_after_the_commit(
    theatre: str, bells: list[tuple[str, list[str]]]
) -> None:
    with transaction.atomic():
        message = queue()
        assert bells == []
    assert bells == [("messaging.post", [str(message.pk)])]


@pytest.mark.django_db(transaction=True)
def test_message_to_a_hosted_domain_has_a_queue_of_its_own(
    theatre: str, bells: list[tuple[str, list[str]]]
) -> None:
    message = queue(recipient=THEATRE)
    assert bells == [("messaging.deliver", [str(message.pk)])]


def test_same_key_is_queued_once(theatre: str) -> None:
    first = queue(correlation=CORRELATION)
    assert queue(body={"Token": "other"}) == first
    assert OutboxMessage.objects.get().body == OFFER
    assert str(fresh(first).correlation) == CORRELATION


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "localhost"},
        {"recipient": "Anonymous"},
        {"subject": "Issue"},
        {"body": {"Price": 1.5}},
        {"body": {"é": 1}},
        {"body": {"Text": "x" * 300_000}},
        {"correlation": CORRELATION.upper()},
    ],
)
def test_message_that_no_inbox_would_take_is_not_queued(
    theatre: str, change: dict[str, Any]
) -> None:
    with pytest.raises(Unsendable):
        queue(**change)
    assert not OutboxMessage.objects.exists()


# -- delivering ------------------------------------------------------------------------------------


def test_message_is_posted_signed_and_marked_sent(broker_inbox: PeerServer, desk: Desk) -> None:
    message = queue(recipient="Broker.Test")
    assert outbox.deliver(message.pk)
    [envelope] = sent(broker_inbox)
    selector, key = keys.signing_key(THEATRE)
    header = envelope.header
    assert (header.sender, header.to, header.selector) == (THEATRE, BROKER, selector)
    assert (header.subject, header.correlation) == ("Issue@Broker", str(message.correlation))
    assert envelope.body == OFFER
    assert envelope.hash_matches()
    assert envelope.verifies(key.public)
    row = fresh(message)
    assert (row.state, row.attempts, row.fence, row.last_error) == (OutboxState.SENT, 1, 1, "")
    assert row.finished_at is not None
    assert desk.delivered == [str(message.pk)]
    assert desk.responses == []


def test_message_that_is_not_due_is_left_alone(broker_inbox: PeerServer) -> None:
    message = queue()
    assert outbox.deliver(message.pk)
    assert not outbox.deliver(message.pk)
    assert not outbox.deliver(CORRELATION)
    OutboxMessage.objects.update(state=OutboxState.DUE, due_at=clock.now() + HOUR)
    assert not outbox.deliver(message.pk)
    assert len(broker_inbox.received) == 1


def test_hosted_recipient_gets_it_without_http(
    theatre: str, desk: Desk, broker_inbox: PeerServer
) -> None:
    keys.create_domain("notifier.test")
    message = queue(recipient="notifier.test", subject="Offered@Issuer")
    assert outbox.deliver(message.pk)
    received = InboxMessage.objects.get()
    assert (received.sender, received.recipient) == (THEATRE, "notifier.test")
    assert received.sender_key == keys.published_key(THEATRE)[1].fingerprint
    assert fresh(message).state == OutboxState.SENT
    assert broker_inbox.received == []


def test_hosted_recipient_may_refuse_too(theatre: str, desk: Desk) -> None:
    message = queue(recipient=THEATRE, subject="Unheard@Of")
    outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.last_error) == (OutboxState.DEAD, "refused: 422")


@pytest.mark.django_db(transaction=True)
def test_message_is_never_sent_inside_a_transaction(broker_inbox: PeerServer) -> None:
    message = queue()
    with transaction.atomic(), pytest.raises(RuntimeError):
        outbox.deliver(message.pk)
    assert broker_inbox.received == []
    assert fresh(message).attempts == 0


# -- failing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [307, 408, 425, 429, 500, 503])
def test_transient_answer_is_tried_again(broker_inbox: PeerServer, desk: Desk, status: int) -> None:
    broker_inbox.behaviours = [answers(status), answers(200)]
    message = queue()
    assert outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts) == (OutboxState.DUE, 1)
    assert row.last_error == f"status {status}"
    assert 0 <= seconds_until_due(message) + 0.5 <= 1.5
    make_due(message)
    assert outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT
    assert broker_inbox.received[0] == broker_inbox.received[1]  # byte for byte while fresh
    assert desk.undeliverable == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_refused_message_is_dead_at_once(broker_inbox: PeerServer, desk: Desk, status: int) -> None:
    broker_inbox.behaviours = [answers(status)]
    clock.move(delivering.KEY_SPREADS.total_seconds() + 1)  # all can see the key that signs
    message = queue()
    outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts) == (OutboxState.DEAD, 1)
    assert row.last_error == f"refused: {status}"
    assert desk.undeliverable == [str(message.pk)]
    assert desk.delivered == []


def test_unreachable_peer_is_tried_again(broker_inbox: PeerServer, settings: Any) -> None:
    settings.OUTGOING_ALLOW = []
    message = queue()
    assert outbox.deliver(message.pk)
    row = fresh(message)
    assert row.state == OutboxState.DUE
    assert "not on the public internet" in row.last_error


def test_backoff_doubles_up_to_its_cap_with_full_jitter(
    theatre: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceilings: list[float] = []

    def highest(low: float, high: float) -> float:
        assert low == 0
        ceilings.append(high)
        return high

    monkeypatch.setattr("random.uniform", highest)
    message = queue()
    for attempts in range(1, 12):
        OutboxMessage.objects.filter(pk=message.pk).update(attempts=attempts)
        settling.postpone(fresh(message), "down")
        assert abs(seconds_until_due(message) - ceilings[-1]) < 1
    assert ceilings == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_message_without_deadline_is_tried_for_a_day(broker_inbox: PeerServer, desk: Desk) -> None:
    broker_inbox.behaviours = [answers(503)]
    message = queue()
    OutboxMessage.objects.update(attempts=200)
    clock.move(86400 - 10)
    outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.DUE
    assert seconds_until_due(message) <= 10  # not past the deadline
    clock.move(20)
    outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.last_error) == (OutboxState.DEAD, "status 503")
    assert len(broker_inbox.received) == 1
    assert desk.undeliverable == [str(message.pk)]


def test_deadline_ends_the_attempts(broker_inbox: PeerServer) -> None:
    message = queue(expires_at=clock.now() + HOUR)
    clock.move(3601)
    outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.last_error) == (OutboxState.DEAD, "expired before it was sent")
    assert broker_inbox.received == []


def test_domain_that_cannot_sign_sends_nothing(broker_inbox: PeerServer) -> None:
    message = queue(sender="charlie.test")
    other = queue("run:1:2")
    DomainKey.objects.update(private_key="k9:AAAA")
    outbox.deliver(message.pk)
    outbox.deliver(other.pk)
    assert fresh(message).last_error == "cannot be signed: charlie.test is not hosted here"
    assert fresh(message).state == OutboxState.DEAD
    assert fresh(other).state == OutboxState.DUE  # the right FIELD_KEYS may come back
    assert broker_inbox.received == []


def test_fault_of_ours_is_counted_and_tried_again(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: InboxMessage) -> None:
        raise LookupError("no such script")

    monkeypatch.setattr(registry, "start", fail)
    message = queue(recipient=THEATRE, subject="Offered@Issuer")
    assert outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts) == (OutboxState.DUE, 1)
    assert row.last_error == "LookupError('no such script')"


def test_handler_of_ours_that_always_raises_is_given_up(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: InboxMessage) -> None:
        raise LookupError("no such script \0 \ud800")

    monkeypatch.setattr(registry, "start", fail)
    message = queue(recipient=THEATRE, origin="run:1")
    after = queue("run:1:2", recipient=THEATRE, subject="Unheard@Of", origin="run:1")
    monkeypatch.setitem(registry.subjects, "Issue@Broker", desk.subjects["Offered@Issuer"])
    for attempt in range(1, settling.FAULTS + 1):
        assert fresh(message).state == OutboxState.DUE
        assert not outbox.deliver(after.pk)  # it stands behind
        make_due(message)
        assert outbox.deliver(message.pk)
        assert fresh(message).faults == attempt
    assert fresh(message).state == OutboxState.DEAD
    assert fresh(message).last_error == "LookupError('no such script \\x00 \\ud800')"
    assert desk.undeliverable == [str(message.pk)]
    assert outbox.deliver(after.pk)
    assert fresh(after).state == OutboxState.DEAD
    assert outbox.resend(message.pk)
    assert (fresh(message).state, fresh(message).faults) == (OutboxState.DUE, 0)


def test_trouble_with_the_database_is_not_the_messages_fault(
    theatre: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: InboxMessage) -> None:
        raise OperationalError("the database is going down")

    monkeypatch.setattr(registry, "start", fail)
    message = queue(recipient=THEATRE, subject="Offered@Issuer")
    for _ in range(settling.FAULTS + 2):
        make_due(message)
        outbox.deliver(message.pk)
    assert (fresh(message).state, fresh(message).faults) == (OutboxState.DUE, 0)
