"""A circuit breaker per destination: who does not answer is asked by one message at a time.

Without it each message to a dead peer would cost a worker up to ten seconds, again and again, and
the messages of everybody else would wait for workers. The state is a row, so that all processes
know it. It only says when to try: losing it costs time and no message, so it is written outside of
the transactions that move messages.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least

from messaging import clock
from messaging.models import Destination, OutboxMessage
from messaging.states import BreakerState, OutboxState

log = structlog.get_logger(__name__)

FAILURES = 5  # in a row, before others have to wait
PAUSE_BASE = 1.0
PAUSE_CAP = 60.0
# Longer than a post may take; who probes and dies holds the next probe up for so long.
PROBE_LEASE = timedelta(seconds=15)


@dataclass(frozen=True)
class Passage:
    """Leave to send now (`held_until` is None), or when to come again.

    `known` is the destination's row as it was; None for one that has never failed.
    """

    known: Destination | None = None
    held_until: datetime | None = None
    probes: bool = False


def admit(message: OutboxMessage) -> Passage:
    """Say whether a claimed message may be sent to its destination now.

    Of those that wait for one that is down, one is let through when its time has come; that one
    must be followed by `answered` or `failed`.
    """
    known = Destination.objects.filter(domain=message.recipient).first()
    if known is None or known.state == BreakerState.CLOSED:
        return Passage(known)
    now = clock.now()
    until = known.until or now
    if until <= now:
        lease = now + PROBE_LEASE
        # One statement decides who probes: the others find another time there.
        mine = Destination.objects.filter(domain=known.domain, until=known.until)
        mine = mine.exclude(state=BreakerState.CLOSED)
        if mine.update(state=BreakerState.HALF_OPEN, until=lease):
            _hold_others(message, lease + timedelta(seconds=_pause(known.failures + 1)))
            return Passage(known, probes=True)
        until = lease  # somebody else probes
    jitter = timedelta(seconds=random.uniform(0, 1))  # noqa: S311 - jitter
    return Passage(known, held_until=until + jitter)


def _hold_others(probe: OutboxMessage, until: datetime) -> None:
    """Let the others wait beyond the probe, though none beyond its deadline.

    They would all be looked at, and put off, again and again. Calls are not held in bulk, because
    each counts how long its script has waited.
    """
    others = OutboxMessage.objects.filter(
        recipient=probe.recipient,
        state=OutboxState.DUE,
        due_at__lt=until,
        expects_response=False,
    )
    others = others.filter(Q(expires_at=None) | Q(expires_at__gt=F("due_at"))).exclude(pk=probe.pk)
    others.update(due_at=Least(Coalesce(F("expires_at"), until), until))


def answered(message: OutboxMessage, passage: Passage) -> None:
    """The destination answered, whatever it said: close, and let go what waits for it."""
    known = passage.known
    if known is None or (known.state == BreakerState.CLOSED and not known.failures):
        return
    now = clock.now()
    Destination.objects.filter(domain=known.domain).update(
        state=BreakerState.CLOSED, failures=0, until=None, changed_at=now
    )
    if known.state != BreakerState.CLOSED:
        waiting = OutboxMessage.objects.filter(recipient=known.domain, state=OutboxState.DUE)
        freed = waiting.filter(due_at__gt=now).exclude(pk=message.pk).update(due_at=now)
        log.info("destination_back", domain=known.domain, freed=freed)


def failed(message: OutboxMessage, passage: Passage, error: str) -> datetime | None:
    """The destination did not answer; return when this message is to probe next, if it is to."""
    domain, now = message.recipient, clock.now()
    if passage.known is None:
        first = Destination(domain=domain, changed_at=now)
        Destination.objects.bulk_create([first], ignore_conflicts=True)
    row = Destination.objects.filter(domain=domain)
    if passage.probes:
        failures = row.get().failures + 1
        until = now + timedelta(seconds=_pause(failures))
        probed = row.filter(state=BreakerState.HALF_OPEN)
        probed.update(
            state=BreakerState.OPEN, failures=failures, until=until, last_error=error[:300]
        )
        return until
    closed = row.filter(state=BreakerState.CLOSED)
    closed.update(failures=F("failures") + 1, last_error=error[:300])
    until = now + timedelta(seconds=_pause(FAILURES))
    opened = closed.filter(failures__gte=FAILURES)
    if opened.update(state=BreakerState.OPEN, until=until, changed_at=now):
        log.warning("destination_down", domain=domain, error=error)
    return None


def _pause(failures: int) -> float:
    """Return the seconds until the next probe after so many failures in a row."""
    ceiling = min(PAUSE_CAP, PAUSE_BASE * 2 ** min(max(failures - FAILURES, 0), 20))
    return ceiling * random.uniform(0.5, 1)  # noqa: S311 - jitter


def too_many(message: OutboxMessage) -> bool:
    """Say whether OUTBOX_MOST older messages wait for this destination, which is down."""
    waiting = OutboxMessage.objects.filter(recipient=message.recipient, state=OutboxState.DUE)
    most = settings.OUTBOX_MOST
    older = waiting.filter(pk__lt=message.pk).order_by()
    return older.values_list("pk", flat=True)[most - 1 : most].exists()


def probe_now(domain: str) -> bool:
    """Let the next message to a destination that is down try at once; say whether it was down."""
    now = clock.now()
    down = Destination.objects.filter(domain=domain, state=BreakerState.OPEN)
    if not down.update(until=now):
        return False
    first = OutboxMessage.objects.filter(recipient=domain, state=OutboxState.DUE).order_by("pk")
    OutboxMessage.objects.filter(pk__in=list(first.values_list("pk", flat=True)[:1])).update(
        due_at=now
    )
    return True
