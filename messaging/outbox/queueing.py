"""Queueing: a message becomes a row in the caller's transaction, and is rung for after it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from messaging import cause, clock, keys, rows
from messaging.bell import ring
from messaging.envelope import Envelope, Malformed
from messaging.errors import Unsendable
from messaging.ids import uuid4
from messaging.models import OutboxMessage
from messaging.syntax import is_alias


def queue(
    *,
    sender: str,
    recipient: str,
    subject: str,
    body: dict[str, Any],
    key: str,
    expects_response: bool = False,
    correlation: UUID | str | None = None,
    expires_at: datetime | None = None,
    origin: str = "",
    place: tuple[int, int] = (0, 0),
) -> OutboxMessage:
    """Owe a message to a peer, in the caller's transaction; it leaves after the commit.

    The same `key` again returns the message queued first. Of one `origin` to one peer, messages
    leave in the order of their `place`: the run's revision, and the number in it. Raises
    Unsendable (a ValueError) for what no inbox would take.
    """
    now = clock.now()
    message = OutboxMessage(
        key=key,
        sender=sender.lower(),
        recipient=recipient.lower(),
        subject=subject,
        correlation=correlation or uuid4(),
        body=body,
        origin=origin,
        revision=place[0],
        number=place[1],
        caused_by=cause.now(),
        expects_response=expects_response,
        due_at=now,
        expires_at=expires_at,
        created_at=now,
    )
    _check_sendable(message)
    if not rows.insert_new(message):
        return OutboxMessage.objects.get(key=key)
    ring_for(message)
    return message


def ring_for(message: OutboxMessage) -> None:
    """Ring after the commit for a worker; who posts elsewhere may take ten seconds, and has a
    queue of its own."""
    transaction.on_commit(partial(_ring_for, str(message.pk), message.recipient), robust=True)


def _ring_for(message_id: str, recipient: str) -> None:
    if is_hosted(recipient):
        ring("messaging.deliver", message_id)
    else:
        ring("messaging.post", message_id, here=_elsewhere)


def _elsewhere() -> bool:
    return False


def is_hosted(recipient: str) -> bool:
    return keys.hosted_name(recipient) is not None


def _check_sendable(message: OutboxMessage) -> None:
    if is_alias(message.recipient):
        raise Unsendable(f"{message.recipient} is an alias, which only others may write")
    try:
        size = len(unsigned(message, "").canonical())
    except Malformed as error:
        raise Unsendable(f"{message.subject} to {message.recipient}: {error}") from None
    if size > settings.MESSAGE_MAX_BYTES:
        raise Unsendable(f"{message.subject}: {size} bytes are more than an inbox takes")


def unsigned(message: OutboxMessage, selector: str, now: datetime | None = None) -> Envelope:
    """Return the message as it is sent now, for the key `selector` to sign. Raises Malformed."""
    return Envelope.build(
        sender=message.sender,
        to=message.recipient,
        subject=message.subject,
        body=message.body,
        selector=selector,
        correlation=message.correlation,
        now=now or clock.now(),
    )
