"""Telling a sender that its message was discarded after it was acknowledged (protocol 2.4, 2.6).

The sender's manifest may name a Buffer; that one gets `Feedback@Buffer`. All of it is rows of the
outbox: the question for the manifest is queued with the discard, the feedback with its answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog

from messaging import clock, outbox, rates
from messaging.errors import Unsendable
from messaging.models import InboxMessage, OutboxMessage
from messaging.refusals import PUBLIC_TEXT
from messaging.registry import Mode, registry
from messaging.states import InboxState, OutboxState
from messaging.syntax import is_domain, is_uuid

log = structlog.get_logger(__name__)

ORIGIN = "feedback"
SUBJECT = "Feedback@Buffer"
MANIFEST = "Manifest@Domain"
ASK_FOR = timedelta(minutes=10)


def report(message: InboxMessage, code: str = "") -> bool:
    """Owe the sender of a discarded message a hint, in the caller's transaction; say whether.

    Only a domain that was not waiting for an answer, and never because of a hint: two domains
    that discard each other's hints would go on for ever. `code` says why, for subjects whose
    protocol has an answer for that. The same message again owes nothing more.
    """
    wanted = (
        message.mode == Mode.ASYNC.value
        and message.subject != SUBJECT
        and is_domain(message.sender)
        and bool(message.sender_key)
    )
    if not wanted:
        return False
    try:
        return _answered(message, code) or _asked(message)
    except Unsendable as fault:
        log.warning("feedback_not_sendable", message=str(message.pk), error=str(fault))
        return False


def _answered(message: InboxMessage, code: str) -> bool:
    """Answer as the subject's protocol has it; say whether it has an answer."""
    refuser = registry.refusers.get(message.subject)
    return refuser is not None and refuser(message, code)


def _asked(message: InboxMessage) -> bool:
    """Ask the sender for its manifest, which names its Buffer; say whether it may be asked."""
    if _enough(message):
        return False
    outbox.queue(
        sender=message.recipient,
        recipient=message.sender,
        subject=MANIFEST,
        body={},
        key=f"{ORIGIN}:{message.pk}",
        origin=f"{ORIGIN}:{message.pk}",
        expects_response=True,
        expires_at=clock.now() + ASK_FOR,
    )
    return True


def _enough(message: InboxMessage) -> bool:
    """Say whether a peer was told often enough: one that sends nothing but rubbish is not told
    for ever. Of what somebody waits for, if the peer is like us, it is told far more often."""
    told = OutboxMessage.objects.filter(
        recipient=message.sender, subject=MANIFEST, origin__startswith=f"{ORIGIN}:"
    )
    if message.subject in registry.discarded:
        return rates.is_over_rows("waited_feedback", told)
    return rates.is_over_rows("feedback", told)


def hear_manifest(asked: OutboxMessage, manifest: dict[str, Any] | None, error: str) -> None:
    """Queue the hint, now that the sender's manifest is there; none when it names no Buffer.

    Called in the transaction that ends the question.
    """
    buffer = None if manifest is None else buffer_of(manifest)
    about = asked.origin.partition(":")[2]
    message = InboxMessage.objects.filter(pk=about).first() if is_uuid(about) else None
    if buffer is None or message is None or message.state == InboxState.HANDLED:
        log.info("feedback_not_wanted", asked=str(asked.pk), error=error)
        return
    try:
        outbox.queue(
            sender=message.recipient,
            recipient=buffer,
            subject=SUBJECT,
            body={
                "Sender": message.sender,
                "Correlation": str(message.correlation),
                "Status": "Discarded",
                "Reason": PUBLIC_TEXT.get(message.response_status or 0, "Refused"),
            },
            key=f"{ORIGIN}:{message.pk}:buffer",
        )
    except Unsendable as fault:
        log.warning("feedback_not_sendable", buffer=buffer, error=str(fault))


def buffer_of(manifest: dict[str, Any]) -> str | None:
    """Return the Buffer that a manifest names: `Buffer`, or the same in About; None without one."""
    about = manifest.get("About")
    for part in (manifest, about if isinstance(about, dict) else {}):
        if is_domain(name := part.get("Buffer")):
            return name.lower()
    return None


def note(*, sender: str, receiver: str, correlation: str, reason: str) -> bool:
    """Write on a message of ours that its receiver discarded it, and tell who waits for what it
    brings about; return whether it was found. Part of the caller's transaction.

    `receiver` is who says so, as proved: nobody can say it of another's message. The word may
    overtake the acknowledgement, so the message need not be marked as sent yet.
    """
    message = (
        OutboxMessage.objects.filter(
            sender=sender.lower(), recipient=receiver.lower(), correlation=correlation
        )
        .exclude(state=OutboxState.DUE, attempts=0)
        .first()
    )
    log.info("message_discarded_there", correlation=correlation, found=message is not None)
    if message is None:
        return False
    # Listeners first: they lock runs, hooks and items, which come before the outbox.
    listener = registry.discarded.get(message.subject)
    if listener is not None:
        listener(message, reason)
    OutboxMessage.objects.filter(pk=message.pk).update(
        last_error=f"discarded by its receiver: {reason}"[:500]
    )
    return True
