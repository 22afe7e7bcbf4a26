"""The outbox: claims with a fence, and signing again what has waited."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections

from messaging import clock, keys, outbox
from messaging.outbox import delivering, settling
from messaging.outbox.claims import LostClaim, claim
from messaging.states import OutboxState
from messaging.syntax import parse_time
from tests.messaging.mail import fresh, make_due, queue, seconds_until_due, sent
from tests.messaging.parties import THEATRE, Desk
from tests.messaging.peer_server import PeerServer, answers

# -- signing again ---------------------------------------------------------------------------------


def test_old_signature_is_made_anew_with_the_same_correlation(broker_inbox: PeerServer) -> None:
    broker_inbox.behaviours = [answers(503)]
    message = queue()
    for seconds in (0, 190, 20):
        clock.move(seconds)
        make_due(message)
        outbox.deliver(message.pk)
    first, second, third = sent(broker_inbox)
    assert first == second
    assert third.header.correlation == first.header.correlation
    assert third.content_hash() == first.content_hash()
    age = parse_time(third.header.timestamp) - parse_time(first.header.timestamp)
    assert timedelta(seconds=205) < age < timedelta(seconds=220)
    assert third.verifies(keys.signing_key(THEATRE)[1].public)


def test_signature_from_the_future_is_made_anew(broker_inbox: PeerServer) -> None:
    broker_inbox.behaviours = [answers(503)]
    message = queue()
    clock.move(100)
    outbox.deliver(message.pk)
    clock.move(-100)
    make_due(message)
    outbox.deliver(message.pk)
    first, second = sent(broker_inbox)
    assert second.header.timestamp < first.header.timestamp


# -- claims ----------------------------------------------------------------------------------------


def test_claim_counts_before_the_work_and_leases(theatre: str) -> None:
    message = queue()
    claimed = claim(message.pk)
    assert claimed is not None
    assert (claimed.attempts, claimed.fence) == (1, 1)
    row = fresh(message)
    assert (row.attempts, row.fence) == (1, 1)
    assert 29 < seconds_until_due(message) <= 30
    assert claim(message.pk) is None
    clock.move(31)
    again = claim(message.pk)
    assert again is not None
    assert (again.attempts, again.fence) == (2, 2)


def test_worker_that_lost_its_claim_commits_nothing(broker_inbox: PeerServer, desk: Desk) -> None:
    message = queue()
    late = claim(message.pk)
    assert late is not None
    clock.move(31)
    assert outbox.deliver(message.pk)
    with pytest.raises(LostClaim):
        settling.settle(late, settling.Outcome(final=True, error="refused: 422"))
    with pytest.raises(LostClaim):
        delivering.signed(late)
    settling.postpone(late, "down")
    row = fresh(message)
    assert (row.state, row.last_error, row.fence) == (OutboxState.SENT, "", 2)


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_race_for_a_message_one_sends(broker_inbox: PeerServer, desk: Desk) -> None:
    message = queue()
    gate = threading.Barrier(8)
    done: list[bool] = []

    def work() -> None:
        gate.wait()
        try:
            done.append(outbox.deliver(message.pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(done) == {True: 1, False: 7}
    assert len(broker_inbox.received) == 1
    assert desk.delivered == [str(message.pk)]
