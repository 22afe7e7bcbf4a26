"""Delivering: one attempt at one message, from its claim to what the peer's answer means."""

from __future__ import annotations

import json
import random
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from messaging import breaker, cause, clock, inbox, keys, points, rows
from messaging.answers import read_answer
from messaging.errors import CannotSign, UnknownDomain, Unreachable
from messaging.models import OutboxMessage
from messaging.outbox import lanes
from messaging.outbox.claims import FENCED, LostClaim, claim, claim_of
from messaging.outbox.queueing import is_hosted, ring_for, unsigned
from messaging.outbox.settling import Outcome, deadline, fail, postpone, settle
from messaging.slots import Busy
from messaging.transport import Reply, post

log = structlog.get_logger(__name__)

# Receivers refuse what is older than 300 s; this leaves time for the way and for their clock.
SIGNATURE_LIFE = timedelta(seconds=200)
CALL_ATTEMPTS = 12  # of a message whose answer a script waits for: it should learn why in minutes
CALL_PATIENCE = timedelta(minutes=10)  # of one that waits for a destination that is down
# Of a message for which no lane is free, before it asks again; as long as half of its age.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=60)
NO_ANSWER = 502  # what a proxy says for a server that is not there
TRANSIENT = frozenset({408, 425, 429})
# As long as resolvers keep the answer that a new key is not there; a 401 may mean that.
KEY_SPREADS = timedelta(hours=1)

_SIGN = rows.Update(OutboxMessage, *FENCED, sets=("envelope", "signed_at"))


def deliver(message_id: UUID | str, *, elsewhere: bool = True) -> bool:
    """Try once to deliver a message; return whether there was anything to do.

    Never inside a transaction: it talks to the network. Whatever happens, the row ends SENT or
    DEAD, or is due again later. Where not `elsewhere`, one to another deployment is left to those
    who post: they may be kept waiting.
    """
    message = claim(message_id)
    if message is None:
        return False
    points.reach("ob_claimed")
    if not elsewhere and not is_hosted(message.recipient):
        postpone(message, "", clock.now(), held=True)
        ring_for(message)
        return True
    try:
        _try(message)
    except LostClaim:
        log.info("outbox_claim_lost", message=str(message.pk))
    return True


def _try(message: OutboxMessage) -> None:
    """Attempt and settle; what a local handler, or we, raise unforeseen is settled as a fault."""
    try:
        settle(message, _attempt(message))
    except LostClaim:
        raise
    except Exception as fault:
        log.exception("outbox_failed", message=str(message.pk))
        fail(message, fault)


def _attempt(message: OutboxMessage) -> Outcome:
    if clock.now() >= deadline(message):
        return Outcome(final=True, error=message.last_error or "expired before it was sent")
    permit = breaker.Permit(message, needed=not is_hosted(message.recipient))
    try:
        # Looked at before the signature, which costs, and asked for after it, which may fail.
        permit.look()
        with _lane(message, permit), cause.caused_by(message.caused_by):
            raw = signed(message)
            points.reach("ob_signed")
            with permit:
                reply = carry(message.recipient, raw)
                permit.answered = reply.status != NO_ANSWER
        points.reach("ob_sent_unmarked")
        return _judge(message, reply)
    except breaker.Held as held:
        return _held(message, held.until)
    except Busy:
        return _waits(message)
    except UnknownDomain as error:
        return Outcome(final=True, error=f"cannot be signed: {error}")
    except CannotSign as error:
        # Most often a deployment with the wrong FIELD_KEYS: that must not kill what is queued.
        return Outcome(error=f"cannot be signed: {error}")
    except Unreachable as error:
        exhausted = message.expects_response and message.attempts >= CALL_ATTEMPTS
        return Outcome(final=exhausted, error=str(error), retry_at=permit.probe_at)


def _lane(message: OutboxMessage, permit: breaker.Permit) -> AbstractContextManager[None]:
    """Return what holds a lane for a post; a delivery to ourselves needs none."""
    if not permit.needed:
        return nullcontext()
    return lanes.lanes.taken(message.recipient, message.caused_by, stranger=permit.is_stranger)


def _waits(message: OutboxMessage) -> Outcome:
    """Say what becomes of a message for which no lane is free: it comes again, ever less often."""
    age = clock.now() - message.created_at
    if message.expects_response and age >= CALL_PATIENCE:
        return Outcome(final=True, error="too many messages wait to be sent before this one")
    pause = min(max(age / 2, SHORTEST_WAIT), LONGEST_WAIT)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - jitter
    return Outcome(retry_at=clock.now() + pause * jitter, held=True)


def _held(message: OutboxMessage, until: datetime) -> Outcome:
    """Say what becomes of a message whose destination is down: it waits, but not for ever."""
    error = f"{message.recipient} does not answer"
    if message.expects_response and clock.now() - message.created_at >= CALL_PATIENCE:
        return Outcome(final=True, error=error)
    if breaker.too_many(message):
        return Outcome(final=True, error=f"{error}, and too many messages wait for it")
    return Outcome(error=error, retry_at=until, held=True)


def signed(message: OutboxMessage) -> bytes:
    """Return the bytes to send: those of the last attempt while fresh, else signed anew.

    Raises UnknownDomain, CannotSign, LostClaim.
    """
    now = clock.now()
    selector, key = keys.signing_key(message.sender)
    fresh = message.signed_at and timedelta() <= now - message.signed_at < SIGNATURE_LIFE
    if fresh and _selector_of(message) == selector:
        return message.envelope.encode()
    message.envelope = unsigned(message, selector, now).signed(key).to_bytes().decode()
    message.signed_at = now
    if not _SIGN(message.envelope, now, *claim_of(message)):
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
    if young and not is_hosted(message.recipient):  # here no key of ours is new
        return "the key that signed it is new: the recipient may not see it yet"
    return ""


def carry(recipient: str, raw: bytes) -> Reply:
    """Send over HTTP, or straight into our own inbox when the recipient is hosted here.

    Raises Unreachable; also anything else that a handler of our own raises.
    """
    if not is_hosted(recipient):
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
