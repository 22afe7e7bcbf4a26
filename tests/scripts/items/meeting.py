"""Two transactions that meet: one is held at a point, the other goes on till it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from messaging import points

BLOCKED_SECONDS = 0.3  # who is not done by then waits for the other
HELD_SECONDS = 20.0


class Hold:
    """Holds the thread that is told to at one passage of `adv_after_step`."""

    def __init__(self, passage: int) -> None:
        self.passage, self.passed = passage, 0
        self.thread = 0
        self.reached, self.released = threading.Event(), threading.Event()

    def __call__(self, name: str) -> None:
        if name != "adv_after_step" or threading.get_ident() != self.thread:
            return
        self.passed += 1
        if self.passed == self.passage:
            self.reached.set()
            assert self.released.wait(HELD_SECONDS)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        try:
            yield pool
        finally:
            points.follow(None)


def meet(first: Callable[[], Any], passage: int, second: Callable[[], Any]) -> bool:
    """Hold `first` at a passage, let `second` run until it ends or waits, then let both end.

    Returns whether the passage was reached. Raises what either of them raises.
    """
    hold = Hold(passage)

    def ahead() -> None:
        hold.thread = threading.get_ident()
        closing(first)

    with _threads() as pool:
        points.follow(hold)
        one = pool.submit(ahead)
        while not hold.reached.wait(0.002) and not one.done():
            pass
        other = pool.submit(closing, second)
        _until_done_or_blocked(other)
        hold.released.set()
        one.result(HELD_SECONDS)
        other.result(HELD_SECONDS)
    return hold.reached.is_set()


def closing(work: Callable[[], Any]) -> None:
    """Run in a thread of its own, which leaves no connection behind."""
    try:
        work()
    finally:
        connections.close_all()


def _until_done_or_blocked(other: Future[None]) -> None:
    end = time.monotonic() + BLOCKED_SECONDS
    while not other.done() and time.monotonic() < end:
        if connection.vendor == "postgresql" and _somebody_waits():
            return
        time.sleep(0.003)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        return bool(cursor.fetchone()[0])
