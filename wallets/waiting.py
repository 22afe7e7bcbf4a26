"""One look for all the wallets that wait at this process, ten times a second.

Who waits holds a future in the event loop: no thread, and no connection to the database.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog
from django.db import connection

from messaging.each import each
from wallets.models import Notification

log = structlog.get_logger(__name__)

PAUSE = 0.1
AFTER_FAULT = 1.0
AT_ONCE = 500  # wallets asked about in one statement
MOST = 4000  # that wait at this process
MOST_A_WALLET = 4  # of more the one that has waited longest is told that there is nothing


class TooManyWait(Exception):
    """No more wallets may wait at this process now."""


@dataclass(eq=False)
class Waiter:
    """Somebody who waits for a wallet. `come` belongs to `loop`; all else to the watch."""

    registration: UUID
    limit: int
    loop: asyncio.AbstractEventLoop
    come: asyncio.Future[list[Notification]] = field(init=False)

    def __post_init__(self) -> None:
        self.come = self.loop.create_future()

    def tell(self, found: list[Notification], *, at_last: bool = False) -> None:
        """Say what has come; nothing is news only to who is to wait no more. Called in its loop."""
        if (found or at_last) and not self.come.done():
            self.come.set_result(found)


class Watch:
    """Tells those who wait what has come. Its thread lives while anybody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Waiter, None] = {}  # the longest wait first
        self._running = False

    async def wait(self, registration_id: UUID, seconds: float, limit: int) -> list[Notification]:
        """Return what waits for this wallet as soon as there is any, or nothing after `seconds`.

        Raises TooManyWait.
        """
        waiter = Waiter(registration_id, limit, asyncio.get_running_loop())
        self._join(waiter)
        try:
            async with asyncio.timeout(seconds):
                return await waiter.come
        except TimeoutError:
            return []
        finally:
            with self._lock:
                del self._waiting[waiter]

    def _join(self, waiter: Waiter) -> None:
        with self._lock:
            if len(self._waiting) >= MOST:
                raise TooManyWait
            mine = [other for other in self._waiting if other.registration == waiter.registration]
            for other in mine[: len(mine) - MOST_A_WALLET + 1]:
                with suppress(RuntimeError):  # as in _give
                    other.loop.call_soon_threadsafe(partial(other.tell, [], at_last=True))
            self._waiting[waiter] = None
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        try:
            while waiting := self._who_waits():
                try:
                    self._look(waiting)
                except Exception:  # most often the database is gone; whoever waits goes on
                    log.warning("watch_failed", exc_info=True)
                    connection.close()
                    time.sleep(AFTER_FAULT)
                time.sleep(PAUSE)
        except BaseException:
            with self._lock:
                self._running = False  # the next to wait starts another
            raise
        finally:
            connection.close()

    def _who_waits(self) -> list[Waiter]:
        """Return who waits; when nobody does, the thread is to end."""
        with self._lock:
            self._running = bool(self._waiting)
            return list(self._waiting)

    def _look(self, waiting: list[Waiter]) -> None:
        there = set(_who_has_something({each.registration for each in waiting}))
        each("wallet that waits", [one for one in waiting if one.registration in there], _give)


def _give(waiter: Waiter) -> None:
    unread = Notification.objects.filter(registration_id=waiter.registration, acknowledged_at=None)
    found = list(unread.order_by("id")[: waiter.limit])
    with suppress(RuntimeError):  # whose loop has ended meanwhile waits no more
        waiter.loop.call_soon_threadsafe(waiter.tell, found)


def _who_has_something(registrations: set[UUID]) -> Iterable[UUID]:
    ids = sorted(registrations)
    for start in range(0, len(ids), AT_ONCE):
        unread = Notification.objects.filter(
            registration_id__in=ids[start : start + AT_ONCE], acknowledged_at=None
        )
        yield from unread.values_list("registration_id", flat=True).distinct()


watch = Watch()
