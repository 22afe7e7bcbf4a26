"""Keeping it going: the sweep, its tasks, and operators who send dead messages again."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import clock, outbox, tasks
from messaging.models import OutboxMessage, PeerKey
from messaging.outbox import sweeping
from messaging.states import OutboxState
from tests.messaging.mail import HOUR, fresh, queue, sent
from tests.messaging.parties import BROKER, THEATRE, Desk
from tests.messaging.peer_server import PeerServer, answers


def test_dead_message_is_sent_again_with_all_its_attempts(
    broker_inbox: PeerServer, bells: list[tuple[str, list[str]]], desk: Desk
) -> None:
    broker_inbox.behaviours = [answers(403), answers(200)]
    message = queue()
    outbox.deliver(message.pk)
    assert outbox.resend(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts, row.finished_at) == (OutboxState.DUE, 0, None)
    assert row.due_at <= clock.now()
    outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT
    first, second = sent(broker_inbox)
    assert first.header.correlation == second.header.correlation
    assert not outbox.resend(message.pk)


def test_sending_again_renews_a_deadline_that_has_passed(broker_inbox: PeerServer) -> None:
    expired = queue(expires_at=clock.now() + HOUR)
    aged = queue("run:1:2")
    clock.move(2 * 86400)
    for message in (expired, aged):
        outbox.deliver(message.pk)
        assert outbox.resend(message.pk)
        outbox.deliver(message.pk)
        assert fresh(message).state == OutboxState.SENT


@pytest.mark.django_db(transaction=True)
def test_sweep_rings_for_what_is_due(
    theatre: str, bells: list[tuple[str, list[str]]], settings: Any
) -> None:
    settings.INBOX_KEEP_HOURS = 168
    due, later, dead = (queue(f"run:1:{number}") for number in range(3))
    OutboxMessage.objects.filter(pk=later.pk).update(due_at=clock.now() + HOUR)
    OutboxMessage.objects.filter(pk=dead.pk).update(state=OutboxState.DEAD)
    bells.clear()
    assert outbox.sweep()["outbox"] == 0  # its bell has just rung
    clock.move(2)
    assert outbox.sweep() == {"outbox": 1, "untold": 0, "pruned": 0}
    assert bells == [("messaging.catch_up_posts", [str(due.pk)])]


def test_sweep_passes_over_what_stands_behind_another(
    theatre: str, bells: list[tuple[str, list[str]]], settings: Any
) -> None:
    settings.INBOX_KEEP_HOURS = 168
    first = queue("run:1:1", origin="run:1")
    for number in range(2, 5):
        queue(f"run:1:{number}", origin="run:1")
    elsewhere = queue("run:1:9", origin="run:1", recipient="charlie.test")
    OutboxMessage.objects.filter(pk=first.pk).update(due_at=clock.now() + HOUR)
    clock.move(2)
    assert outbox.sweep()["outbox"] == 1
    OutboxMessage.objects.filter(pk=first.pk).update(state=OutboxState.SENT)
    assert outbox.sweep()["outbox"] == 2
    assert fresh(elsewhere).state == OutboxState.DUE


@pytest.mark.django_db(transaction=True)
def test_sweep_rings_once_for_many_and_one_worker_catches_up(
    broker_inbox: PeerServer, bells: list[tuple[str, list[str]]], settings: Any
) -> None:
    settings.INBOX_KEEP_HOURS = 168
    messages = [queue(f"run:1:{number}") for number in range(7)]
    clock.move(2)
    bells.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "BATCH", 5)
        patch.setattr(sweeping, "TURN_SECONDS", 60)  # however slow the machine is
        assert outbox.sweep()["outbox"] == 7
        assert bells == [("messaging.catch_up_posts", [str(messages[at].pk)]) for at in (0, 5)]
        tasks.catch_up_posts(str(messages[0].pk))
        assert len(sent(broker_inbox)) == 6  # the first and the five oldest that were left
        tasks.catch_up_posts(str(messages[0].pk))
        assert len(sent(broker_inbox)) == 6  # another worker had it: that one looked for more
        patch.setattr(sweeping, "TURN_SECONDS", 0)
        late = queue("run:1:8")
        clock.move(2)
        tasks.catch_up_posts(str(late.pk))
    assert fresh(late).state == OutboxState.SENT
    assert OutboxMessage.objects.filter(state=OutboxState.DUE).count() == 1  # its turn was over


def test_sweep_rings_for_a_bounded_number(theatre: str, settings: Any) -> None:
    settings.INBOX_KEEP_HOURS = 168
    for number in range(5):
        queue(f"run:1:{number}")
    clock.move(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "SWEEP_LIMIT", 3)
        assert outbox.sweep()["outbox"] == 3


def test_sweep_forgets_expired_keys(theatre: str, settings: Any) -> None:
    settings.INBOX_KEEP_HOURS = 168
    PeerKey.objects.create(
        domain=BROKER,
        selector="pw1",
        source="DNS",
        expires_at=clock.now() - 800 * 24 * HOUR,
        created_at=clock.now(),
    )
    assert outbox.sweep() == {"outbox": 0, "untold": 0, "pruned": 1}


def test_tasks_do_what_their_names_say(broker_inbox: PeerServer, settings: Any) -> None:
    settings.INBOX_KEEP_HOURS = 168
    tasks.sweep()
    for number, (task, recipient) in enumerate(
        [
            (tasks.deliver, THEATRE),
            (tasks.catch_up, THEATRE),
            (tasks.post, BROKER),
            (tasks.catch_up_posts, BROKER),
        ]
    ):
        message = queue(f"run:{number}:1", recipient=recipient, subject="Offered@Issuer")
        task(str(message.pk))
        assert fresh(message).state == OutboxState.SENT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.deliver, tasks.catch_up])
def test_worker_of_our_own_queues_posts_nothing_elsewhere(
    broker_inbox: PeerServer, bells: list[tuple[str, list[str]]], task: Any
) -> None:
    """The release before rings for all alike, and a domain may have moved away meanwhile."""
    message = queue()
    bells.clear()
    task(str(message.pk))
    row = fresh(message)
    assert (row.state, row.attempts) == (OutboxState.DUE, 0)
    assert bells == [("messaging.post", [str(message.pk)])]
    assert sent(broker_inbox) == []
    tasks.post(str(message.pk))
    assert fresh(message).state == OutboxState.SENT


@pytest.mark.django_db(transaction=True)
def test_many_posts_that_wait_hide_no_delivery_of_our_own(
    theatre: str, bells: list[tuple[str, list[str]]], settings: Any
) -> None:
    settings.INBOX_KEEP_HOURS = 168
    for number in range(5):
        queue(f"run:1:{number}")
    ours = queue("run:2:1", recipient=THEATRE)
    clock.move(2)
    bells.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "SWEEP_LIMIT", 3)
        assert outbox.sweep()["outbox"] == 4
    assert ("messaging.catch_up", [str(ours.pk)]) in bells


def test_finding_due_messages_uses_the_partial_index(theatre: str) -> None:
    due = OutboxMessage.objects.filter(state=OutboxState.DUE, due_at__lte=clock.now())
    assert "outbox_due" in due.order_by("due_at")[:200].explain()
