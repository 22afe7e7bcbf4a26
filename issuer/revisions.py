"""What brokers are told of a token's status: in order, and the newest only.

Brokers order revisions by their Timestamp, and a message that is tried again is signed again. So
one leaves at a time, it says what the token is when it is queued, and a newer one takes the place
of those that have not arrived.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F

from issuer.models import Token
from issuer.services import LOCKED_TOKEN, locked_token, record
from issuer.states import EventKind
from messaging import clock, outbox
from messaging.models import OutboxMessage
from messaging.states import OutboxState

SUBJECT = "Revise@Broker"
ORIGIN = "revision"
# A revision may overtake the offer of its token: the broker, which does not know it yet, refuses.
TRIES = 4


def send_revision(token_id: str) -> Token:
    """Owe the token's broker the status that it has now; the same entering is told once."""
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        _send(token, 1)
        return token


def _send(token: Token, number: int) -> None:
    origin = f"{ORIGIN}:{token.pk}"
    key = f"{origin}:{token.entries}:{number}"
    older = OutboxMessage.objects.filter(origin=origin, state=OutboxState.DUE).exclude(key=key)
    older.update(
        state=OutboxState.DEAD,
        fence=F("fence") + 1,
        last_error="a newer revision takes its place",
        finished_at=clock.now(),
    )
    body: dict[str, Any] = {"Token": str(token.pk), "Status": token.status}
    outbox.queue(
        sender=token.domain,
        recipient=token.broker,
        subject=SUBJECT,
        body=body,
        key=key,
        origin=origin,
    )


def hear_refusal(message: OutboxMessage, reason: str) -> None:
    """A broker discarded a revision: operators see it, and the newest one is told again.

    One that a script sent by itself is the script's own.
    """
    origin, _, number = message.key.rpartition(":")
    if not message.origin.startswith(f"{ORIGIN}:") or not number.isdecimal():
        return
    with transaction.atomic(savepoint=False):
        token = LOCKED_TOKEN.first(message.origin.partition(":")[2])
        if token is None:
            return  # it is kept no longer
        status = str(message.body["Status"])
        record(token, EventKind.REFUSED, status, f"domain:{token.broker}", reason)
        if origin == f"{message.origin}:{token.entries}" and int(number) < TRIES:
            _send(token, int(number) + 1)


def may_resend(message: OutboxMessage) -> bool:
    """Say whether a dead revision may be sent again: nothing newer has been said since."""
    if not message.origin.startswith(f"{ORIGIN}:"):
        return True
    newer = OutboxMessage.objects.filter(origin=message.origin, pk__gt=message.pk)
    return not newer.exists()
