"""Settling: how an attempt ended is committed, and those who wait for a message are told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from messaging import clock, points, rows
from messaging.models import OutboxMessage, Untold
from messaging.outbox.claims import FENCED, FIRST_OF_LINE, LEASE, LostClaim, claim_of
from messaging.outbox.queueing import ring_for
from messaging.registry import registry, response_listener
from messaging.states import Listens, OutboxState
from messaging.syntax import storable

log = structlog.get_logger(__name__)

BACKOFF_BASE = 1.0
BACKOFF_CAP = 300.0
FAULTS = 8  # unforeseen exceptions of ours, before a message is given up
TELLINGS = 8  # of a listener that raises, before it waits for an operator
LIFE = timedelta(hours=24)  # of a message without expires_at

_END = rows.Update(
    OutboxMessage, *FENCED, sets=("state", "response", "last_error", "finished_at", "faults")
)
_POSTPONE = rows.Update(OutboxMessage, *FENCED, sets=("due_at", "last_error", "faults"))
_HOLD = rows.Update(OutboxMessage, *FENCED, sets=("due_at", "attempts"))


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


def settle(message: OutboxMessage, outcome: Outcome) -> None:
    """Commit the outcome. Raises LostClaim when the lease ran out and somebody else took over."""
    if not outcome.final:
        postpone(message, outcome.error, outcome.retry_at, held=outcome.held)
        return
    message.state = OutboxState.SENT if outcome.delivered else OutboxState.DEAD
    message.response = outcome.response
    message.last_error = storable(outcome.error)
    message.finished_at = clock.now()
    with transaction.atomic(durable=True):
        # Listeners first: they lock runs, hooks and items, which come before the outbox in the
        # lock order. A claim that was lost takes back what they did.
        for listens in _listeners(message):
            if fault := _told(message, listens):
                _note(message, listens, fault)
        end = (message.state, message.response, message.last_error, message.finished_at)
        if not _END(*end, message.faults, *claim_of(message)):
            raise LostClaim
        if message.origin and (following := FIRST_OF_LINE.first(message.origin, message.recipient)):
            ring_for(following)
        points.reach("ob_before_mark")
    points.reach("ob_marked")
    if message.state == OutboxState.DEAD:
        log.warning("outbox_dead", message=str(message.pk), error=message.last_error)


def postpone(
    message: OutboxMessage, error: str, retry_at: datetime | None = None, *, held: bool = False
) -> None:
    """Make the message due again: at `retry_at`, or after a pause that grows with its attempts.

    One that was held has not been tried, so that does not count.
    """
    now = clock.now()
    due_at = retry_at or now + pause(message.attempts)
    # Not past the deadline: whoever waits must be told then. But never at once after a fault.
    if now < deadline(message) < due_at:
        due_at = deadline(message)
    if held:
        _HOLD(due_at, message.attempts - 1, *claim_of(message))
        return
    _POSTPONE(due_at, storable(error), message.faults, *claim_of(message))
    points.reach("ob_postponed")
    log.info("outbox_postponed", message=str(message.pk), attempts=message.attempts, error=error)


def fail(message: OutboxMessage, fault: Exception) -> None:
    """Commit an attempt that raised what nobody foresaw: try again, and give up after 8 of them.

    Trouble with the database is not the message's, and counts for nothing. Raises LostClaim.
    """
    error = repr(fault)
    if not isinstance(fault, (InterfaceError, OperationalError)):
        message.faults += 1
    if message.faults < FAULTS:
        postpone(message, error)
        return
    settle(message, Outcome(final=True, error=error))


def deadline(message: OutboxMessage) -> datetime:
    """Return when the message is given up, whatever it waits for."""
    return message.expires_at or message.created_at + LIFE


def pause(attempts: int) -> timedelta:
    """Full jitter, so that peers who come back are not flooded."""
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=random.uniform(0, ceiling))  # noqa: S311 - jitter


# -- listeners ----------------------------------------------------------------------------------


def _listeners(message: OutboxMessage) -> dict[Listens, Callable[[], None]]:
    """Return who is to be told what became of an ended message."""
    found: dict[Listens, Callable[[], None]] = {}
    if message.expects_response:
        listener = response_listener(message)
        found[Listens.ANSWER] = partial(listener, message, message.response, message.last_error)
    sent = message.state == OutboxState.SENT
    table = registry.delivered if sent else registry.undeliverable
    if message.subject in table:
        found[Listens.OUTCOME] = partial(table[message.subject], message)
    return found


def _told(message: OutboxMessage, listens: Listens) -> Exception | None:
    """Tell one listener, in the caller's transaction; return what it raised.

    In a savepoint: what it raised takes back what it did, and neither the message's end nor what
    the other listener did. Were it raised, the message would be sent again and again, and those
    of its run behind it would wait for ever.
    """
    tell = _listeners(message).get(listens)
    try:
        with transaction.atomic():
            if tell is not None:
                tell()
    except Exception as fault:
        log.exception("outbox_listener_failed", message=str(message.pk), listens=listens.value)
        return fault
    return None


def _note(message: OutboxMessage, listens: Listens, fault: Exception) -> None:
    """Write down that a listener is still to be told."""
    now = clock.now()
    noted = {"attempts": 1, "due_at": now + pause(1), "error": storable(repr(fault)), "since": now}
    Untold.objects.update_or_create(message=message, listens=listens, defaults=noted)


def tell_again(untold_id: int | str) -> bool:
    """Tell a listener that has raised once more; return whether there was anything to do.

    After 8 attempts it is left to an operator (`retell`). Never inside a transaction.
    """
    rows.refuse_in_transaction()
    now = clock.now()
    # The attempt is counted, and leased, before the risky work: a listener may kill its worker.
    mine = Untold.objects.filter(pk=untold_id, due_at__lte=now)
    if not mine.update(attempts=F("attempts") + 1, due_at=now + LEASE):
        return False
    untold = Untold.objects.select_related("message").filter(pk=untold_id).first()
    if untold is None:
        return True
    claimed = Untold.objects.filter(pk=untold.pk, attempts=untold.attempts)
    with transaction.atomic(durable=True):
        fault = _told(untold.message, Listens(untold.listens))
        if fault is None:
            claimed.delete()
            return True
        last = untold.attempts >= TELLINGS
        due_at = None if last else clock.now() + pause(untold.attempts)
        claimed.update(due_at=due_at, error=storable(repr(fault)))
    if last:
        log.error("outbox_listener_given_up", message=str(untold.message_id), error=repr(fault))
    return True
