"""Repeats (protocol 2.5): acknowledged, answered again, never started twice."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections

from messaging import clock, inbox, keys
from messaging.envelope import Envelope
from messaging.inbox import Answer
from messaging.models import InboxMessage, Refusal
from tests.messaging.parties import CORRELATION, TOKEN, Desk, Peer

AT_ONCE = 8


def test_repeat_is_acknowledged_and_not_started_again(broker: Peer, desk: Desk) -> None:
    raw = broker.message("Offered@Issuer")
    assert [inbox.receive(raw) for _ in range(3)] == [Answer(200)] * 3
    assert len(desk.started) == InboxMessage.objects.count() == 1


def test_sync_repeat_gets_the_stored_response(broker: Peer, desk: Desk) -> None:
    raw = broker.message("Status@Broker")
    first = inbox.receive(raw)
    desk.body = {"Status": "REVOKED"}
    again = inbox.receive(raw)
    assert Envelope.parse(again.body["Response"]).body == {"Status": "ACTIVE"}
    assert first.body["Request"] == again.body["Request"]
    assert len(desk.driven) == 1


def test_message_signed_again_later_is_a_repeat(broker: Peer, desk: Desk) -> None:
    body = {"Token": TOKEN}
    for seconds in (0, 250, 40000):
        now = clock.now()
        envelope = broker.envelope("Offered@Issuer", body, correlation=CORRELATION, now=now)
        assert inbox.receive(envelope.to_bytes()) == Answer(200)
        clock.move(seconds)
    keys.pin_key(broker.name, "pw2", broker.key.public.spki)
    broker.selector = "pw2"  # the sender's key was rotated meanwhile
    assert inbox.receive(broker.message("Offered@Issuer", body, correlation=CORRELATION)) == (
        Answer(200)
    )
    assert len(desk.started) == InboxMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("subject", "body"), [("Offered@Issuer", {"Token": "2"}), ("Status@Broker", {"Token": "1"})]
)
def test_correlation_used_for_something_else_is_refused(
    broker: Peer, desk: Desk, subject: str, body: dict[str, str]
) -> None:
    inbox.receive(broker.message("Offered@Issuer", {"Token": "1"}, correlation=CORRELATION))
    raw = broker.message(subject, body, correlation=CORRELATION)
    assert inbox.receive(raw) == Answer(422, {"Error": "Not acceptable"})
    assert Refusal.objects.get().reason == "correlation"
    assert len(desk.started) == InboxMessage.objects.count() == 1


def test_repeat_with_a_wrong_signature_is_no_repeat(broker: Peer) -> None:
    inbox.receive(broker.message("Offered@Issuer", correlation=CORRELATION))
    stranger = Peer(broker.name, "pw1")
    raw = stranger.message("Offered@Issuer", correlation=CORRELATION)
    assert inbox.receive(raw).status == 401


def test_correlation_belongs_to_its_sender(broker: Peer, desk: Desk) -> None:
    inbox.receive(broker.message("Offered@Issuer", correlation=CORRELATION))
    assert inbox.receive(desk.wallet.message("Saved@Broker", correlation=CORRELATION)).status == 200
    assert len(desk.started) == 2


def test_strangers_do_not_share_correlations(theatre: str, desk: Desk) -> None:
    now = clock.now()
    for name in ("one", "two"):
        body = {"Token": TOKEN, "Name": name}
        raw = desk.chat.message("Reply@Host", body, correlation=CORRELATION, now=now)
        assert inbox.receive(raw).status == 200
        assert inbox.receive(raw).status == 200
    assert len(desk.started) == InboxMessage.objects.count() == 2


def test_old_repeat_is_outside_the_window(broker: Peer) -> None:
    raw = broker.message("Offered@Issuer", now=clock.now() - timedelta(seconds=290))
    assert inbox.receive(raw).status == 200
    clock.move(20)
    assert inbox.receive(raw).status == 422


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subject", ["Offered@Issuer", "Status@Broker"])
def test_of_repeats_that_race_each_other_one_starts(broker: Peer, desk: Desk, subject: str) -> None:
    raw = broker.message(subject)
    gate = threading.Barrier(AT_ONCE)
    statuses: list[int] = []

    def send() -> None:
        gate.wait()
        try:
            statuses.append(inbox.receive(raw).status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: AT_ONCE}
    assert len(desk.started) == InboxMessage.objects.count() == 1
