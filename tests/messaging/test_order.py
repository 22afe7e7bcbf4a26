"""What a run owes a peer leaves in the order it was queued, whatever the machines' clocks say."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations

import pytest

from messaging import clock, ids, outbox
from messaging.breaker import probe_now
from messaging.models import Destination, OutboxMessage
from messaging.outbox.claims import overdue
from messaging.states import BreakerState, OutboxState
from tests.messaging.mail import fresh, make_due, queue, seconds_until_due
from tests.messaging.parties import BROKER, Desk
from tests.messaging.peer_server import PeerServer, answers

RUN = "run:1"


def queue_at(place: tuple[int, int], offset: float) -> OutboxMessage:
    """Queue a message of the run by a machine whose clock is so many seconds off."""
    ids._Last.tick = 0  # another process
    clock.move(offset)
    message = queue(f"{RUN}:{place[0]}:{place[1]}", origin=RUN, place=place)
    clock.move(-offset)
    make_due(message)
    return message


@pytest.mark.parametrize("offsets", list(permutations([-40, 0, 40])))
def test_messages_leave_by_revision_and_number_not_by_clock(
    broker_inbox: PeerServer, desk: Desk, offsets: tuple[float, ...]
) -> None:
    places = [(3, 1), (3, 2), (11, 1)]
    messages = [queue_at(place, offset) for place, offset in zip(places, offsets, strict=True)]
    for turn, message in enumerate(messages):
        for later in random.sample(messages[turn + 1 :], len(messages) - turn - 1):
            assert not outbox.deliver(later.pk)
        assert overdue(-timedelta(seconds=1), 9, elsewhere=True) == [message.pk]
        assert outbox.deliver(message.pk)
        assert fresh(message).state == OutboxState.SENT


def test_messages_without_a_place_leave_first_and_by_id(
    broker_inbox: PeerServer, desk: Desk
) -> None:
    """Those of the release before, which knows no places."""
    new = queue_at((7, 1), -40)
    old = [queue(f"{RUN}:6:{number}", origin=RUN) for number in (1, 2)]
    assert not outbox.deliver(new.pk)
    assert not outbox.deliver(old[1].pk)
    for message in (*old, new):
        assert outbox.deliver(message.pk)


@pytest.mark.django_db(transaction=True)
def test_end_of_a_message_rings_for_the_next_in_order(
    broker_inbox: PeerServer, bells: list[tuple[str, list[str]]]
) -> None:
    third, second, first = (queue_at((1, number), -number * 10) for number in (3, 2, 1))
    bells.clear()
    assert outbox.deliver(first.pk)
    assert bells == [("messaging.post", [str(second.pk)])]
    assert not outbox.deliver(third.pk)


def test_destination_that_is_tried_now_is_tried_by_the_first_in_order(
    broker_inbox: PeerServer,
) -> None:
    second, first = (queue_at((1, number), -number * 10) for number in (2, 1))
    OutboxMessage.objects.update(due_at=clock.now() + timedelta(minutes=1))
    Destination.objects.create(
        domain=BROKER, state=BreakerState.OPEN, until=clock.now(), changed_at=clock.now()
    )
    assert probe_now(BROKER)
    assert seconds_until_due(first) <= 0 < seconds_until_due(second)
    broker_inbox.behaviours = [answers(200)]
    assert outbox.deliver(first.pk)
