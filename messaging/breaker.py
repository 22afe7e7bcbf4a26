"""A circuit breaker per destination: who does not answer is asked by one message at a time.

Without it each message to a dead peer would cost a worker up to ten seconds, again and again, and
the messages of everybody else would wait for workers. The state is a row, so that all processes
know it. It only says when to try: losing it costs time and no message, so it is written outside of
the transactions that move messages.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Self

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least

from messaging import clock
from messaging.models import Destination, OutboxMessage
from messaging.states import BreakerState, OutboxState
from messaging.syntax import storable

log = structlog.get_logger(__name__)

FAILURES = 5  # in a row, before others have to wait
PAUSE_BASE = 1.0
PAUSE_CAP = 60.0
# Longer than a post may take; who probes and dies holds the next probe up for so long.
PROBE_LEASE = timedelta(seconds=15)


class Held(Exception):
    """The destination is down, and the message must not be sent before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        jitter = timedelta(seconds=random.uniform(0, 1))  # noqa: S311 - jitter
        self.until = until + jitter


class Permit:
    """Leave to try a claimed message's destination once: a context manager around the post alone.

    Of the messages that wait for one that is down, one is let through when its time has come.
    However the block is left, the destination has either answered (`answered` was set) or failed:
    no attempt can end without the breaker knowing. Only the death of the process can, and then
    its lease on the probe ends. After a failed probe, `probe_at` is when this message may try
    again. Where none is `needed`, entering and leaving do nothing.
    """

    def __init__(self, message: OutboxMessage, *, needed: bool = True) -> None:
        self.message, self.needed = message, needed
        self.answered = False
        self.probe_at: datetime | None = None
        self._known: Destination | None = None
        self._looked = not needed
        self._lease: datetime | None = None  # of the probe, if this is one

    @property
    def probes(self) -> bool:
        return self._lease is not None

    def look(self) -> None:
        """Raise Held if the destination must not be tried now. Takes nothing."""
        if not self.needed:
            return
        self._known = Destination.objects.filter(domain=self.message.recipient).first()
        self._looked = True
        if self._is_down and (until := self._next_probe) > clock.now():
            raise Held(until)

    @property
    def is_stranger(self) -> bool:
        """Say whether the destination has never answered, or has failed since it last did."""
        known = self._known
        return known is None or known.reached_at is None or known.failures > 0

    @property
    def _is_down(self) -> bool:
        return self._known is not None and self._known.state != BreakerState.CLOSED

    @property
    def _next_probe(self) -> datetime:
        return (self._known and self._known.until) or clock.now()

    def __enter__(self) -> Self:
        """Take the permit. Raises Held, also when another message has become the probe since."""
        if not self._looked:
            self.look()
        if not self._is_down or self._known is None:
            return self
        known, lease = self._known, clock.now() + PROBE_LEASE
        # One statement decides who probes: the others find another time there.
        mine = Destination.objects.filter(domain=known.domain, until=known.until)
        if not mine.exclude(state=BreakerState.CLOSED).update(
            state=BreakerState.HALF_OPEN, until=lease
        ):
            raise Held(lease)  # somebody else probes
        self._lease = lease
        _hold_others(self.message, lease + timedelta(seconds=_pause(known.failures + 1)))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self.needed:
            return
        if self.answered:
            _close(self.message, self._known)
        elif self._lease is not None:
            self.probe_at = _failed_again(self.message, self._known, self._lease, _said(error))
        else:
            _count_failure(self.message.recipient, self._known, _said(error))


def _said(error: BaseException | None) -> str:
    """Return why there was no answer: what was raised, or that a proxy answered in its place."""
    said = "a proxy answered in its place" if error is None else str(error) or repr(error)
    return storable(said, 300)


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


def _close(message: OutboxMessage, known: Destination | None) -> None:
    """The destination answered, whatever it said: close, and let go what waits for it."""
    now = clock.now()
    if known is None:
        first = Destination(domain=message.recipient, reached_at=now, changed_at=now)
        Destination.objects.bulk_create([first], ignore_conflicts=True)
        return
    if known.reached_at is None:
        Destination.objects.filter(domain=known.domain, reached_at=None).update(reached_at=now)
    if known.state == BreakerState.CLOSED and not known.failures:
        return
    Destination.objects.filter(domain=known.domain).update(
        state=BreakerState.CLOSED, failures=0, until=None, changed_at=now
    )
    if known.state != BreakerState.CLOSED:
        waiting = OutboxMessage.objects.filter(recipient=known.domain, state=OutboxState.DUE)
        freed = waiting.filter(due_at__gt=now).exclude(pk=message.pk).update(due_at=now)
        log.info("destination_back", domain=known.domain, freed=freed)


def _failed_again(
    message: OutboxMessage, known: Destination | None, lease: datetime, error: str
) -> datetime | None:
    """A probe was not answered; return when its message is to probe next.

    None when its lease had ended and another message probes by now.
    """
    now = clock.now()
    failures = (known.failures if known else 0) + 1
    until = now + timedelta(seconds=_pause(failures))
    mine = Destination.objects.filter(
        domain=message.recipient, state=BreakerState.HALF_OPEN, until=lease
    )
    probed = mine.update(state=BreakerState.OPEN, failures=failures, until=until, last_error=error)
    return until if probed else None


def _count_failure(domain: str, known: Destination | None, error: str) -> None:
    """A destination that was up did not answer; after enough of them in a row it is down."""
    now = clock.now()
    if known is None:
        first = Destination(domain=domain, changed_at=now)
        Destination.objects.bulk_create([first], ignore_conflicts=True)
    closed = Destination.objects.filter(domain=domain, state=BreakerState.CLOSED)
    closed.update(failures=F("failures") + 1, last_error=error)
    until = now + timedelta(seconds=_pause(FAILURES))
    opened = closed.filter(failures__gte=FAILURES)
    if opened.update(state=BreakerState.OPEN, until=until, changed_at=now):
        log.warning("destination_down", domain=domain, error=error)


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
    waiting = OutboxMessage.objects.filter(recipient=domain, state=OutboxState.DUE)
    # The least of all stands behind no other of its run, so that it can be claimed.
    first = list(waiting.order_by("revision", "number", "pk").values_list("pk", flat=True)[:1])
    OutboxMessage.objects.filter(pk__in=first).update(due_at=now)
    return True
