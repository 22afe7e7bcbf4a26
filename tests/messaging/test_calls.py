"""Calls: messages whose answer somebody waits for, and which answers count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging import clock, keys, outbox
from messaging.models import OutboxMessage
from messaging.states import OutboxState
from tests.messaging.mail import HOUR, fresh, make_due, queue
from tests.messaging.parties import BROKER, CORRELATION, THEATRE, Desk, Peer
from tests.messaging.peer_server import PeerServer, answers


def call(**rest: Any) -> OutboxMessage:
    return queue(subject="Status@Broker", expects_response=True, **rest)


def response(peer: Peer, message: OutboxMessage, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"to": THEATRE, "correlation": str(message.correlation)} | changes
    subject = values.pop("subject", message.subject)
    return peer.envelope(subject, {"Status": "ACTIVE"}, **values).to_dict()


def wrapped(response: Any) -> bytes:
    meta = {"Code": 200, "LatencyMs": 1}
    return json.dumps({"Request": {}, "Response": response, "Meta": meta}).encode()


def test_signed_answer_reaches_the_listener(
    broker: Peer, broker_inbox: PeerServer, desk: Desk
) -> None:
    message = call()
    broker_inbox.behaviours = [answers(200, wrapped(response(broker, message)))]
    outbox.deliver(message.pk)
    assert fresh(message).state == OutboxState.SENT
    assert fresh(message).response == {"Status": "ACTIVE"}
    assert desk.responses == [(str(message.pk), {"Status": "ACTIVE"}, "")]


def test_signed_message_is_an_answer_too(
    broker: Peer, broker_inbox: PeerServer, desk: Desk
) -> None:
    message = call()
    broker_inbox.behaviours = [answers(200, json.dumps(response(broker, message)).encode())]
    outbox.deliver(message.pk)
    assert [body for _, body, _ in desk.responses] == [{"Status": "ACTIVE"}]


def test_answer_that_cannot_be_trusted_is_none(
    broker: Peer, broker_inbox: PeerServer, desk: Desk
) -> None:
    message = call()
    good = response(broker, message)
    forged = [
        b"",
        b"[]",
        b"{}",
        b'{"Status":"ACTIVE"}',
        wrapped({"Status": "ACTIVE"}),
        wrapped(good | {"Body": {"Status": "REVOKED"}}),
        wrapped(response(Peer(BROKER, "pw1"), message)),
        wrapped(response(broker, message, subject="Issue@Broker")),
        wrapped(response(broker, message, to="other.test")),
        wrapped(response(broker, message, correlation=CORRELATION)),
    ]
    for number, raw in enumerate(forged, start=1):
        broker_inbox.behaviours = [answers(200, raw)]
        make_due(message)
        outbox.deliver(message.pk)
        row = fresh(message)
        assert (row.state, row.attempts) == (OutboxState.DUE, number)
        assert row.last_error.startswith("no valid answer")
    assert desk.responses == []


def test_answer_of_another_domain_is_none(broker_inbox: PeerServer, desk: Desk) -> None:
    stranger = Peer("charlie.test", "pw1")
    keys.pin_key("charlie.test", "pw1", stranger.key.public.spki)
    message = call()
    broker_inbox.behaviours = [answers(200, wrapped(response(stranger, message)))]
    outbox.deliver(message.pk)
    assert fresh(message).last_error == ("no valid answer: the answer belongs to another message")


@pytest.mark.parametrize("bare", [True, False])
def test_manifest_may_be_a_bare_mapping(broker_inbox: PeerServer, desk: Desk, bare: bool) -> None:
    manifest = {"About": {"Domain": BROKER}}
    raw = json.dumps(manifest).encode() if bare else wrapped(manifest)
    broker_inbox.behaviours = [answers(200, raw)]
    message = queue(subject="Manifest@Domain", expects_response=True)
    outbox.deliver(message.pk)
    assert desk.responses == [(str(message.pk), manifest, "")]


def test_refused_call_reaches_the_listener_as_an_error(
    broker_inbox: PeerServer, desk: Desk
) -> None:
    broker_inbox.behaviours = [answers(403)]
    message = call()
    outbox.deliver(message.pk)
    assert desk.responses == [(str(message.pk), None, "refused: 403")]


def test_call_gives_up_after_twelve_attempts(broker_inbox: PeerServer, desk: Desk) -> None:
    broker_inbox.behaviours = [answers(503)]
    message = call(expires_at=clock.now() + HOUR)
    for _ in range(12):
        assert fresh(message).state == OutboxState.DUE
        make_due(message)
        outbox.deliver(message.pk)
    row = fresh(message)
    assert (row.state, row.attempts) == (OutboxState.DEAD, 12)
    assert desk.responses == [(str(message.pk), None, "status 503")]


def test_call_to_a_hosted_domain_is_answered_here(theatre: str, desk: Desk) -> None:
    keys.create_domain("notifier.test")
    message = call(recipient="notifier.test")
    outbox.deliver(message.pk)
    assert desk.responses == [(str(message.pk), {"Status": "ACTIVE"}, "")]


def test_call_waits_for_a_hosted_domain_that_is_slow(theatre: str, desk: Desk) -> None:
    desk.status = None
    message = call(recipient=THEATRE)
    outbox.deliver(message.pk)
    assert fresh(message).last_error == "status 504"
    desk.status = 200
    make_due(message)
    outbox.deliver(message.pk)
    assert len(desk.started) == 1
    assert [body for _, body, _ in desk.responses] == [{"Status": "ACTIVE"}]
