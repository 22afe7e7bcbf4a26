"""The ready row: who is owed an advance, and who has claimed it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from messaging import clock, points
from messaging.bell import ring
from messaging.each import each
from messaging.rows import Statement, insertion, together
from scripts.language.continuation import Frame
from scripts.models import Ready, Run, Timer

LEASE = timedelta(seconds=10)
ATTEMPTS = 8
BACKOFF_BASE = 0.5
BACKOFF_CAP = 60.0
HELD = timedelta(hours=1)

# The upsert is one statement, because between an UPDATE that finds no row and an INSERT that
# finds one, the row can be deleted by the advance that claimed it: the wake-up would be lost.
WAKE = """
INSERT INTO scripts_ready (run_id, due_at, attempts, gen) VALUES (%s, %s, 0, 1)
ON CONFLICT (run_id) DO UPDATE SET
    gen = scripts_ready.gen + 1,
    due_at = CASE WHEN excluded.due_at < scripts_ready.due_at
                  THEN excluded.due_at ELSE scripts_ready.due_at END
"""


# One statement, so that two workers who hear the same bell need no transaction to agree: the
# second one finds the row no longer due.
CLAIM = """
UPDATE scripts_ready SET attempts = attempts + 1, due_at = %s
WHERE run_id = %s AND due_at <= %s RETURNING gen, attempts
"""


# For a run that is being inserted: nothing when it was not, because its trigger had started one.
WAKE_NEW = """
INSERT INTO scripts_ready (run_id, due_at, attempts, gen)
SELECT id, %s, 0, 1 FROM scripts_run WHERE id = %s
"""
TIME_NEW = "INSERT INTO scripts_timer (run_id, due_at) SELECT id, %s FROM scripts_run WHERE id = %s"
DUE = "SELECT run_id FROM scripts_ready WHERE due_at <= %s ORDER BY due_at LIMIT %s"
SETTLE = "DELETE FROM scripts_ready WHERE run_id = %s AND gen = %s"
# Of a claim that nobody has taken over: a claim counts an attempt, an advance makes another row.
FORFEIT = "DELETE FROM scripts_ready WHERE run_id = %s AND gen = %s AND attempts = %s"
SET_TIMER = """
INSERT INTO scripts_timer (run_id, due_at) VALUES (%s, %s)
ON CONFLICT (run_id) DO UPDATE SET due_at = excluded.due_at
"""


def wake(run_id: UUID, *, due_at: datetime | None = None, nudge: bool = True) -> None:
    """Record that a run is owed an advance, now or at `due_at` (UTC), and ring for a worker.

    Safe against an advance in progress: it deletes only the generation that it claimed.
    """
    moment = due_at or clock.now()
    with connection.cursor() as cursor:
        cursor.execute(WAKE, [_stored_id(run_id), _stored_time(moment)])
    if nudge:
        ring("scripts.advance", str(run_id))


def insert_run(run: Run, due_at: datetime | None) -> bool:
    """Insert a run and what wakes it, at once or by a timer at `due_at` (UTC), without ringing.

    Return whether it was inserted: its trigger may have started this script before.
    """
    text = WAKE_NEW if due_at is None else TIME_NEW
    first = text, [_stored_time(due_at or clock.now()), _stored_id(run.pk)]
    inserted, _ = together(insertion(run), first)
    return inserted == 1


@dataclass
class Claim:
    """One attempt at a run, as its worker took it: which wake-up, and the how manieth attempt.

    `frames` are those that were at work when it failed, the outermost first.
    """

    gen: int
    attempts: int
    frames: list[Frame] = field(default_factory=list)

    @property
    def is_worn_out(self) -> bool:
        """Whether all attempts were used up before: every worker that took the run has died."""
        return self.attempts > ATTEMPTS


def claim(run_id: UUID) -> Claim | None:
    """Take a due run for the length of a lease; None when it is not due.

    The attempt is counted and committed here, before the risky work: a script that kills its
    worker must be counted too. One that is worn out is not to be tried again. Must not be called
    inside a transaction.
    """
    now = clock.now()
    values = [_stored_time(now + LEASE), _stored_id(run_id), _stored_time(now)]
    points.reach("claim_before_commit")
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    points.reach("claim_after_commit")
    gen, attempts = row
    return Claim(int(gen), int(attempts))


def _stored_id(run_id: UUID) -> Any:
    return Ready._meta.pk.get_db_prep_value(run_id, connection)


def _stored_time(moment: datetime) -> Any:
    return Ready._meta.get_field("due_at").get_db_prep_value(moment, connection)


def due_runs(limit: int, overdue_for: timedelta = timedelta()) -> list[UUID]:
    """Return ids of runs owed an advance for so long or longer, the longest overdue first."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [_stored_time(clock.now() - overdue_for), limit])
        found = [row[0] for row in cursor.fetchall()]
    return [run_id if isinstance(run_id, UUID) else UUID(run_id) for run_id in found]


def settle(run_id: UUID, gen: int) -> None:
    """Delete the claimed generation after its advance; a newer wake-up stays and starts afresh."""
    [settled] = together(settlement(run_id, gen))
    if not settled:
        stay(run_id)


def settlement(run_id: UUID, gen: int) -> Statement:
    """Return what deletes the claimed generation. When it changes no row, `stay` must follow."""
    return SETTLE, [_stored_id(run_id), gen]


def stay(run_id: UUID) -> None:
    """Let the newer wake-up have all its attempts."""
    Ready.objects.filter(run_id=run_id).update(attempts=0)


def release(run_id: UUID, claim: Claim, *, charged: bool) -> None:
    """Put a claimed run back after its advance failed, unless another worker has taken it since.

    What is no fault of the run's own (`charged=False`) costs no attempt.
    """
    attempts = claim.attempts if charged else claim.attempts - 1
    ceiling = min(BACKOFF_BASE * 2**attempts, BACKOFF_CAP)
    pause = timedelta(seconds=random.uniform(BACKOFF_BASE / 2, ceiling))  # noqa: S311 - jitter
    with transaction.atomic():
        taken = Ready.objects.filter(run_id=run_id, attempts=claim.attempts)
        taken.update(attempts=attempts, due_at=clock.now() + pause)
        points.reach("release_before_commit")


def forfeit(run_id: UUID, claim: Claim) -> bool:
    """Delete a claimed wake-up for good; False when it was taken over, or the run woken since."""
    values = [_stored_id(run_id), claim.gen, claim.attempts]
    return together((FORFEIT, values)) == [1]


def grant_one(run_id: UUID, claim: Claim) -> None:
    """Let a run that was woken after its last attempt had begun have one more: that may help it."""
    woken = Ready.objects.filter(run_id=run_id, gen__gt=claim.gen, attempts=claim.attempts)
    woken.update(attempts=ATTEMPTS - 1)


def hold(run_id: UUID, gen: int) -> None:
    """Put a claimed run away for an hour without an attempt: its version does not start now."""
    row = Ready.objects.filter(run_id=run_id, gen=gen, attempts__gt=0)
    row.update(due_at=clock.now() + HELD, attempts=F("attempts") - 1)


def set_timer(run_id: UUID, due_at: datetime) -> None:
    """Wake a run at `due_at` (UTC); a run has one timer, the newest wins."""
    with connection.cursor() as cursor:
        cursor.execute(SET_TIMER, [_stored_id(run_id), _stored_time(due_at)])


def fire_timers(limit: int = 500) -> int:
    """Turn due timers into wake-ups; return how many. Decides nothing: the advance does."""
    due = Timer.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    if not due.exists():
        return 0  # most often so, and a look takes no lock
    try:
        return _fire(due, limit)
    except (DataError, IntegrityError):  # one of them is odd: the others go off on their own
        ids = list(due.values_list("run_id", flat=True)[:limit])
        singly = [due.filter(run_id=run_id) for run_id in ids]
        return sum(each("timer", singly, partial(_fire, limit=1)))


def _fire(timers: QuerySet[Timer], limit: int) -> int:
    with transaction.atomic():
        due = list(
            timers.select_for_update(skip_locked=True, no_key=True).values_list(
                "run_id", flat=True
            )[:limit]
        )
        for run_id in due:
            if Timer.objects.filter(run_id=run_id, due_at__lte=clock.now()).delete()[0]:
                wake(run_id)
        if due:
            points.reach("sweep_moved")
    if due:
        points.reach("sweep_after_commit")
    return len(due)
