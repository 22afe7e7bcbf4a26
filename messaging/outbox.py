"""The outbox: messages are rows first, and leave at least once with the same correlation."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from messaging import breaker, clock, inbox, keys, peer_keys, points, rows
from messaging.answers import read_answer
from messaging.bell import HEARD, ring
from messaging.envelope import Envelope, Malformed
from messaging.errors import CannotSign, UnknownDomain, Unreachable, Unsendable
from messaging.ids import uuid4
from messaging.models import OutboxMessage
from messaging.registry import registry, response_listener
from messaging.states import OutboxState
from messaging.syntax import is_alias
from messaging.transport import Reply, post

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
# Receivers refuse what is older than 300 s; this leaves time for the way and for their clock.
SIGNATURE_LIFE = timedelta(seconds=200)
BACKOFF_BASE = 1.0
BACKOFF_CAP = 300.0
CALL_ATTEMPTS = 12  # of a message whose answer a script waits for: it should learn why in minutes
CALL_PATIENCE = timedelta(minutes=10)  # of one that waits for a destination that is down
NO_ANSWER = 502  # what a proxy says for a server that is not there
LIFE = timedelta(hours=24)  # of a message without expires_at
TRANSIENT = frozenset({408, 425, 429})
# As long as resolvers keep the answer that a new key is not there; a 401 may mean that.
KEY_SPREADS = timedelta(hours=1)
SWEEP_LIMIT = 1000
BATCH = 25  # overdue messages for which a sweep rings once
TURN_SECONDS = 0.5  # for as long a worker goes on with them, so that others get their turn

BY_ID = rows.Select(OutboxMessage, "pk")
_DUE_AT = OutboxMessage._meta.get_field("due_at")
# One statement, so that workers who hear the same bell need no transaction to agree: the second
# one finds the row no longer due. What a run owes a peer leaves in the order it was queued, because
# a person reads a host's lines in that order.
CLAIM = """
UPDATE messaging_outboxmessage SET attempts = attempts + 1, fence = fence + 1, due_at = %%s
WHERE id = (
    SELECT id FROM messaging_outboxmessage AS mine
    WHERE id = %%s AND state = 'DUE' AND due_at <= %%s AND NOT EXISTS (
        SELECT 1 FROM messaging_outboxmessage AS earlier
        WHERE earlier.origin = mine.origin AND mine.origin <> '' AND earlier.state = 'DUE'
        AND earlier.recipient = mine.recipient AND earlier.id < mine.id
    ) %(skip)s
) RETURNING %(columns)s
"""
_FENCED = ("pk", "fence", "state")
_SIGN = rows.Update(OutboxMessage, *_FENCED, sets=("envelope", "signed_at"))
_END = rows.Update(OutboxMessage, *_FENCED, sets=("state", "response", "last_error", "finished_at"))
_POSTPONE = rows.Update(OutboxMessage, *_FENCED, sets=("due_at", "last_error"))
_HOLD = rows.Update(OutboxMessage, *_FENCED, sets=("due_at", "attempts"))
_QUEUE = rows.Select(
    OutboxMessage, "origin", "recipient", rest="AND state = 'DUE' ORDER BY id LIMIT 1"
)


class LostClaim(Exception):
    """Another worker has claimed the message since; what this one learnt is thrown away."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: delivered with an answer, refused for good, or to be tried again.

    `retry_at` is when, where something else than the message's own attempts decides; `held` says
    that there was no attempt at all.
    """

    delivered: bool = False
    final: bool = False
    response: dict[str, Any] | None = None
    error: str = ""
    retry_at: datetime | None = None
    held: bool = False


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
) -> OutboxMessage:
    """Owe a message to a peer, in the caller's transaction; it leaves after the commit.

    The same `key` again returns the message queued first. Raises Unsendable (a ValueError) for
    what no inbox would take.
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
        expects_response=expects_response,
        due_at=now,
        expires_at=expires_at,
        created_at=now,
    )
    _check_sendable(message)
    if not rows.insert_new(message):
        return OutboxMessage.objects.get(key=key)
    _ring(message)
    return message


def _ring(message: OutboxMessage) -> None:
    """Ring for a worker; one that talks to a peer may take ten seconds, others go on at once."""
    ring("messaging.deliver", str(message.pk), here=partial(_is_hosted, message.recipient))


def _is_hosted(recipient: str) -> bool:
    return keys.hosted_name(recipient) is not None


def _check_sendable(message: OutboxMessage) -> None:
    if is_alias(message.recipient):
        raise Unsendable(f"{message.recipient} is an alias, which only others may write")
    try:
        size = len(_unsigned(message, "").canonical())
    except Malformed as error:
        raise Unsendable(f"{message.subject} to {message.recipient}: {error}") from None
    if size > settings.MESSAGE_MAX_BYTES:
        raise Unsendable(f"{message.subject}: {size} bytes are more than an inbox takes")


def deliver(message_id: UUID | str) -> bool:
    """Try once to deliver a message; return whether there was anything to do.

    Never inside a transaction: it talks to the network. Whatever happens, the row ends SENT or
    DEAD, or is due again later.
    """
    message = _claim(message_id)
    if message is None:
        return False
    points.reach("ob_claimed")
    try:
        _settle(message, _attempt(message))
    except LostClaim:
        log.info("outbox_claim_lost", message=str(message.pk))
    except Exception as fault:  # a local handler or a listener may raise anything
        log.exception("outbox_failed", message=str(message.pk))
        _postpone(message, repr(fault))
    return True


def _claim(message_id: UUID | str) -> OutboxMessage | None:
    """Take a due message for the length of a lease. The attempt counts before the risky work.

    Raises RuntimeError inside a transaction.
    """
    rows.refuse_in_transaction()
    now = clock.now()
    skip = "FOR UPDATE OF mine SKIP LOCKED" if connection.features.has_select_for_update else ""
    values = [
        _DUE_AT.get_db_prep_value(now + LEASE, connection),
        OutboxMessage._meta.pk.get_db_prep_value(message_id, connection),
        _DUE_AT.get_db_prep_value(now, connection),
    ]
    with connection.cursor() as cursor:
        cursor.execute(CLAIM % {"columns": BY_ID.columns, "skip": skip}, values)
        row = cursor.fetchone()
    return None if row is None else BY_ID.loaded(row)


def _attempt(message: OutboxMessage) -> Outcome:
    if clock.now() >= _deadline(message):
        return Outcome(final=True, error=message.last_error or "expired before it was sent")
    passage = breaker.Passage() if _is_hosted(message.recipient) else breaker.admit(message)
    if passage.held_until is not None:
        return _held(message, passage)
    try:
        raw = _signed(message)
    except UnknownDomain as error:
        return Outcome(final=True, error=f"cannot be signed: {error}")
    except CannotSign as error:
        # Most often a deployment with the wrong FIELD_KEYS: that must not kill what is queued.
        return Outcome(error=f"cannot be signed: {error}")
    points.reach("ob_signed")
    exhausted = message.expects_response and message.attempts >= CALL_ATTEMPTS
    try:
        reply = _post(message.recipient, raw)
        points.reach("ob_sent_unmarked")
    except Unreachable as error:
        probe_at = breaker.failed(message, passage, str(error))
        return Outcome(final=exhausted, error=str(error), retry_at=probe_at)
    if reply.status == NO_ANSWER:
        breaker.failed(message, passage, f"status {reply.status}")
    else:
        breaker.answered(message, passage)
    try:
        return _judge(message, reply)
    except Unreachable as error:
        return Outcome(final=exhausted, error=str(error))


def _held(message: OutboxMessage, passage: breaker.Passage) -> Outcome:
    """Say what becomes of a message whose destination is down: it waits, but not for ever."""
    error = f"{message.recipient} does not answer"
    if message.expects_response and clock.now() - message.created_at >= CALL_PATIENCE:
        return Outcome(final=True, error=error)
    if breaker.too_many(message):
        return Outcome(final=True, error=f"{error}, and too many messages wait for it")
    return Outcome(error=error, retry_at=passage.held_until, held=True)


def _deadline(message: OutboxMessage) -> datetime:
    return message.expires_at or message.created_at + LIFE


def _signed(message: OutboxMessage) -> bytes:
    """Return the bytes to send: those of the last attempt while fresh, else signed anew.

    Raises UnknownDomain, CannotSign, LostClaim.
    """
    now = clock.now()
    selector, key = keys.signing_key(message.sender)
    fresh = message.signed_at and timedelta() <= now - message.signed_at < SIGNATURE_LIFE
    if fresh and _selector_of(message) == selector:
        return message.envelope.encode()
    message.envelope = _unsigned(message, selector, now).signed(key).to_bytes().decode()
    message.signed_at = now
    if not _SIGN(message.envelope, now, *_claim_of(message)):
        raise LostClaim
    return message.envelope.encode()


def _selector_of(message: OutboxMessage) -> str:
    """Return the selector of the key that signed the stored bytes."""
    return str(json.loads(message.envelope)["Header"].get("Selector", ""))


def _may_verify_later(message: OutboxMessage) -> str:
    """Say why a message that its recipient cannot verify may be verified when sent again, if so."""
    keys.forget_remembered()  # another process may have moved our keys a second ago
    if _selector_of(message) != keys.signing_key(message.sender)[0]:
        return "the key that signed it signs no more"
    young = keys.signs_since(message.sender) > clock.now() - KEY_SPREADS
    if young and not _is_hosted(message.recipient):  # here no key of ours is new
        return "the key that signed it is new: the recipient may not see it yet"
    return ""


def _unsigned(message: OutboxMessage, selector: str, now: datetime | None = None) -> Envelope:
    return Envelope.build(
        sender=message.sender,
        to=message.recipient,
        subject=message.subject,
        body=message.body,
        selector=selector,
        correlation=message.correlation,
        now=now or clock.now(),
    )


def _post(recipient: str, raw: bytes) -> Reply:
    """Send over HTTP, or straight into our own inbox when the recipient is hosted here."""
    if not _is_hosted(recipient):
        return post(recipient, raw)
    answer = inbox.receive(raw)
    return Reply(answer.status, json.dumps(answer.body).encode())


def _judge(message: OutboxMessage, reply: Reply) -> Outcome:
    """Say what the peer's status means. Raises Unreachable when trying again may help."""
    if 200 <= reply.status < 300:
        body = read_answer(message, reply.body) if message.expects_response else None
        return Outcome(delivered=True, final=True, response=body)
    if reply.status == 401 and (why := _may_verify_later(message)):
        raise Unreachable(f"refused, and {why}")
    if 400 <= reply.status < 500 and reply.status not in TRANSIENT:
        return Outcome(final=True, error=f"refused: {reply.status}")
    raise Unreachable(f"status {reply.status}")


# -- ending an attempt --------------------------------------------------------------------------


def _settle(message: OutboxMessage, outcome: Outcome) -> None:
    """Commit the outcome. Raises LostClaim when the lease ran out and somebody else took over."""
    if not outcome.final:
        _postpone(message, outcome.error, outcome.retry_at, held=outcome.held)
        return
    message.state = OutboxState.SENT if outcome.delivered else OutboxState.DEAD
    message.response = outcome.response
    message.last_error = outcome.error[:500]
    message.finished_at = clock.now()
    with transaction.atomic(durable=True):
        # Listeners first: they lock runs, hooks and items, which come before the outbox in the
        # lock order. A claim that was lost takes back what they did.
        _tell(message)
        ended = (message.state, message.response, message.last_error, message.finished_at)
        if not _END(*ended, *_claim_of(message)):
            raise LostClaim
        if message.origin and (following := _QUEUE.first(message.origin, message.recipient)):
            _ring(following)
        points.reach("ob_before_mark")
    points.reach("ob_marked")
    if message.state == OutboxState.DEAD:
        log.warning("outbox_dead", message=str(message.pk), error=message.last_error)


def _tell(message: OutboxMessage) -> None:
    if message.expects_response:
        response_listener(message)(message, message.response, message.last_error)
    sent = message.state == OutboxState.SENT
    listeners = registry.delivered if sent else registry.undeliverable
    if message.subject in listeners:
        listeners[message.subject](message)


def _postpone(
    message: OutboxMessage, error: str, retry_at: datetime | None = None, *, held: bool = False
) -> None:
    """Make the message due again: at `retry_at`, or after a pause that grows with its attempts.

    One that was held has not been tried, so that does not count.
    """
    now = clock.now()
    due_at = retry_at or now + _pause(message.attempts)
    # Not past the deadline: whoever waits must be told then. But never at once after a fault.
    if now < _deadline(message) < due_at:
        due_at = _deadline(message)
    if held:
        _HOLD(due_at, message.attempts - 1, *_claim_of(message))
        return
    _POSTPONE(due_at, error[:500], *_claim_of(message))
    points.reach("ob_postponed")
    log.info("outbox_postponed", message=str(message.pk), attempts=message.attempts, error=error)


def _pause(attempts: int) -> timedelta:
    """Full jitter, so that peers who come back are not flooded."""
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=random.uniform(0, ceiling))  # noqa: S311 - jitter


def _claim_of(message: OutboxMessage) -> tuple[Any, ...]:
    """Name the row as this worker claimed it; no row is so once another claim raised the fence."""
    return message.pk, message.fence, OutboxState.DUE


# -- keeping it going ---------------------------------------------------------------------------


def resend(message_id: UUID | str) -> bool:
    """Let a DEAD message try again with all its attempts; return whether it will.

    An operator's decision: a deadline that has passed is replaced by a new one. False for one that
    is not dead, and for one whose occasion is over (an offer that has ended).
    """
    now = clock.now()
    with transaction.atomic():
        dead = OutboxMessage.objects.select_for_update().filter(
            pk=message_id, state=OutboxState.DEAD
        )
        message = dead.first()
        if message is None or not registry.resendable.get(message.subject, _always)(message):
            return False
        expires_at = message.expires_at if _deadline(message) > now else now + LIFE
        freed = dead.update(
            state=OutboxState.DUE,
            attempts=0,
            fence=F("fence") + 1,
            due_at=now,
            expires_at=expires_at,
            finished_at=None,
        )
        ring("messaging.deliver", str(message_id))
    return bool(freed)


def _always(message: OutboxMessage) -> bool:
    return True


def sweep() -> dict[str, int]:
    """Ring for due messages whose bell was lost, and delete what is kept no longer.

    One bell for a batch: where workers are behind, messages are overdue without having lost
    any, and a bell for each, every second, would bury the bells of others. Any number of sweepers
    may run at once. Returns the counts.
    """
    ids = _overdue(SWEEP_LIMIT)
    for first in ids[::BATCH]:
        ring("messaging.catch_up", str(first))
    return {"outbox": len(ids), "pruned": inbox.prune() + peer_keys.prune()}


def catch_up(first: UUID | str) -> int:
    """Deliver `first`, and go on with what is overdue for half a second; return how many.

    Nothing else is looked for when another worker has had `first`: that one looks.
    """
    end = time.monotonic() + TURN_SECONDS
    if not deliver(first):
        return 0
    done = 1
    others = _overdue(BATCH)
    random.shuffle(others)  # several workers catch up at once, each with others
    for message_id in others:
        if time.monotonic() >= end:
            break
        done += deliver(message_id)
    return done


def _overdue(most: int) -> list[UUID]:
    """Return due messages whose bell should have been heard by now, the oldest first."""
    waiting = OutboxMessage.objects.filter(state=OutboxState.DUE)
    # What stands behind another of its run could not be claimed, and would fill the sweep's limit.
    before = waiting.filter(
        origin=OuterRef("origin"), recipient=OuterRef("recipient"), pk__lt=OuterRef("pk")
    )
    due = waiting.filter(~Exists(before.exclude(origin="")), due_at__lte=clock.now() - HEARD)
    return list(due.order_by("due_at").values_list("pk", flat=True)[:most])
