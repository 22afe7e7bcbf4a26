"""What the tests of the outbox share: queueing, looking again, reading what a peer got."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from messaging import clock, outbox
from messaging.envelope import Envelope
from messaging.models import OutboxMessage
from tests.messaging.parties import BROKER, THEATRE, TOKEN
from tests.messaging.peer_server import PeerServer

OFFER = {"Token": TOKEN}
HOUR = timedelta(hours=1)


def queue(key: str = "run:1:1", **rest: Any) -> OutboxMessage:
    values: dict[str, Any] = {
        "sender": THEATRE,
        "recipient": BROKER,
        "subject": "Issue@Broker",
        "body": OFFER,
    }
    return outbox.queue(key=key, **values | rest)


def fresh(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def seconds_until_due(message: OutboxMessage) -> float:
    return (fresh(message).due_at - clock.now()).total_seconds()


def sent(server: PeerServer) -> list[Envelope]:
    return [Envelope.parse(json.loads(raw)) for raw in server.received]


def make_due(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=clock.now())
