"""Datasets held by the transaction that asks or changes them, so that a segment runs as if alone.

Who asks a dataset holds it shared, who changes it holds it alone, both until the commit: what a
segment has read is still so when its effects are committed. On SQLite a transaction is alone anyway
(BEGIN IMMEDIATE). On PostgreSQL these are advisory locks, taken in a statement of their own before
the rows are read: under READ COMMITTED that later statement sees all that was committed before the
lock was given. (A snapshot that lasts, as under REPEATABLE READ, could be older than the lock.)

The table's trigger takes the same lock for whoever writes a row without asking here: a service, a
hand at the database, a worker of the release before (migration 0009).
"""

from __future__ import annotations

from django.db import OperationalError, connection

from scripts.errors import Conflict

# The first half of the key; the second is the dataset's number. The trigger spells it, too.
LOCKS_OF_DATASETS = 0x43534453
LONGEST_WAIT_MS = 1000  # then its worker is better used elsewhere: the run comes again uncharged

# What PostgreSQL says of those who met: a deadlock, a lock that took too long, a serialization.
_MEETINGS = ("40P01", "55P03", "40001")


class Holding:
    """What one attempt at a segment holds. `wanted` (dataset number -> alone) outlives a Conflict:
    the next attempt takes all of it at its beginning, in the order of numbers."""

    def __init__(self, wanted: dict[int, bool] | None = None) -> None:
        self.wanted = {} if wanted is None else wanted
        self.held: dict[int, bool] = {}

    def begin(self) -> None:
        """Take what an attempt before this one has found that it needs."""
        for number in sorted(self.wanted):
            self._take(number, alone=self.wanted[number])

    def ask(self, number: int) -> None:
        """Let nobody change the dataset until the commit. Raises Conflict."""
        self._take(number, alone=False)

    def change(self, number: int) -> None:
        """Let nobody read or change the dataset until the commit. Raises Conflict."""
        self._take(number, alone=True)

    def _take(self, number: int, *, alone: bool) -> None:
        if not connection.in_atomic_block:
            return  # who only looks, without a transaction, has nothing to keep for
        has = self.held.get(number)
        if has or (has is False and not alone):
            return
        self.wanted[number] = self.wanted.get(number, False) or alone
        # Waiting is safe for those who wait in the same order. Two who share a dataset and both
        # want it alone, or who go through two in different orders, would wait for each other.
        in_order = has is None and number >= max(self.held, default=0)
        if not _locked(number, alone=alone):
            if not in_order:
                raise Conflict("a dataset that it needs is held by another")
            _wait(number, alone=alone)
        self.held[number] = alone


def _locked(number: int, *, alone: bool) -> bool:
    """Take the lock if nobody is in the way; say whether it was so."""
    if connection.vendor != "postgresql":
        return True
    shared = "" if alone else "_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock{shared}(%s, %s)", _key(number))
        return bool(cursor.fetchone()[0])


def _wait(number: int, *, alone: bool) -> None:
    shared = "" if alone else "_shared"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LONGEST_WAIT_MS}ms"])
        cursor.execute(f"SELECT pg_advisory_xact_lock{shared}(%s, %s)", _key(number))


def _key(number: int) -> list[int]:
    return [LOCKS_OF_DATASETS, number % 2**31]


def is_meeting(error: OperationalError) -> bool:
    """Say whether the database gave up a transaction because it met another, and nothing else."""
    return getattr(error.__cause__, "sqlstate", None) in _MEETINGS
