"""The live feed: one thread looks ten times a second for all pages that listen at this process.

A listener costs a queue in the event loop: no thread, and no connection to the database. What a
listener gets is what its wallet has not acknowledged, each once. Ids are time-ordered, but a row
may be committed some time after its id was made, so a look goes back a little, and now and then
all the way.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Q

from messaging import clock
from messaging.each import each
from messaging.syntax import format_time
from wallets.models import Notification

log = structlog.get_logger(__name__)
Value = TypeVar("Value")

PAUSE = 0.1
AFTER_FAULT = 1.0
WHOLE_SECONDS = 5.0  # how often everything is looked at, not only what is new
OVERLAP_SECONDS = 15  # how late a row may be committed and still be found at once
AT_ONCE = 500  # listeners asked about, and rows read, in one statement
QUEUE = 200  # events that a slow page may be behind; then it has to connect again
MOST = 2000  # listeners at this process
MOST_A_WALLET = 4
STILL_HERE_SECONDS = 15.0
LONGEST_SECONDS = 600.0  # then the page connects again, with a new signature
_MS_BITS = 80  # of a version 7 UUID, below its milliseconds


@dataclass(eq=False)
class Listener:
    """One page that listens. Its queue belongs to `loop`; all else to the feed."""

    registration: UUID
    loop: asyncio.AbstractEventLoop
    floor: UUID | None = None  # what is older was seen by this page before it lost the connection
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    sent: set[UUID] = field(default_factory=set)
    fresh: bool = True
    closed: bool = False

    def put(self, event: bytes) -> None:
        """Give it an event, or end it when it is too far behind. Called in its loop."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.closed = True


class Feed:
    """Listeners, and the thread that looks for them. It lives while anybody listens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._running = False

    def is_full(self) -> bool:
        return len(self._listeners) >= MOST

    def listen(self, registration: UUID, floor: UUID | None) -> Listener:
        """Begin to listen, in the running loop; of too many pages of a wallet the oldest ends."""
        listener = Listener(registration, asyncio.get_running_loop(), floor)
        with self._lock:
            mine = [other for other in self._listeners if other.registration == registration]
            for other in mine[: len(mine) - MOST_A_WALLET + 1]:
                other.closed = True
            self._listeners.append(listener)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="feed", daemon=True).start()
        return listener

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.remove(listener)

    def _run(self) -> None:
        whole = 0.0
        try:
            while listeners := self._who_listens():
                now = time.monotonic()
                all_of_it = now - whole >= WHOLE_SECONDS
                try:
                    self._look(listeners, all_of_it)
                except Exception:  # most often the database is gone; whoever listens goes on
                    log.warning("feed_failed", exc_info=True)
                    connection.close()
                    time.sleep(AFTER_FAULT)
                else:
                    whole = now if all_of_it else whole
                time.sleep(PAUSE)
        except BaseException:
            with self._lock:
                self._running = False  # the next to listen starts another
            raise
        finally:
            connection.close()

    def _who_listens(self) -> list[Listener]:
        """Return who listens; when nobody does, the thread is to end."""
        with self._lock:
            self._running = bool(self._listeners)
            return list(self._listeners)

    def _look(self, listeners: list[Listener], all_of_it: bool) -> None:
        fresh = [each for each in listeners if each.fresh or all_of_it]
        known = [each for each in listeners if not (each.fresh or all_of_it)]
        recent = _floor(int(clock.now().timestamp() * 1000))
        due = [*_unsent(fresh, None), *_unsent(known, recent)]
        for listener in fresh:
            listener.fresh = False
        events = dict(_events({notification for _, notification in due}))
        # Else acknowledged, or pruned, since.
        there = [(one, events[pk], pk) for one, pk in due if pk in events]
        each("page", there, _give)


def _give(news: tuple[Listener, bytes, UUID]) -> None:
    listener, event, notification = news
    listener.sent.add(notification)
    with suppress(RuntimeError):  # whose loop has ended meanwhile listens no more
        listener.loop.call_soon_threadsafe(listener.put, event)


def _floor(milliseconds: int) -> UUID:
    """Return the least id of what may have been committed after everything of a moment."""
    return UUID(int=max(milliseconds - OVERLAP_SECONDS * 1000, 0) << _MS_BITS)


def floor_after(last_event: str) -> UUID | None:
    """Return from where a page goes on that names the last event it got; None is the beginning."""
    try:
        return _floor(UUID(last_event).int >> _MS_BITS)
    except ValueError:
        return None


def _unsent(listeners: list[Listener], floor: UUID | None) -> list[tuple[Listener, UUID]]:
    """Return what waits for whom and was not sent to them, oldest first."""
    found: list[tuple[Listener, UUID]] = []
    for part in _parts(listeners):
        waiting = Q(registration_id__in={each.registration for each in part}, acknowledged_at=None)
        if floor is not None:
            waiting &= Q(pk__gte=floor)
        ids: dict[UUID, list[UUID]] = {}
        rows = Notification.objects.filter(waiting).order_by("pk")
        for registration, notification in rows.values_list("registration_id", "pk"):
            ids.setdefault(registration, []).append(notification)
        for one in part:
            found += [(one, pk) for pk in ids.get(one.registration, ()) if _is_due(one, pk)]
    return found


def _is_due(listener: Listener, notification: UUID) -> bool:
    is_new = listener.floor is None or notification >= listener.floor
    return is_new and notification not in listener.sent and not listener.closed


def _events(ids: set[UUID]) -> Iterable[tuple[UUID, bytes]]:
    """Return the notifications as the lines of an event each."""
    for part in _parts(sorted(ids)):
        for row in Notification.objects.filter(pk__in=part, acknowledged_at=None):
            data = {
                "ID": str(row.pk),
                "Subject": row.subject,
                "Created": format_time(row.created_at),
                "Message": row.message,
            }
            yield row.pk, f"id: {row.pk}\ndata: {json.dumps(data)}\n\n".encode()


def _parts(values: list[Value]) -> Iterable[list[Value]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


async def stream(registration: UUID, floor: UUID | None) -> AsyncGenerator[bytes, None]:
    """Yield the feed of a wallet as server-sent events, until the page should connect again."""
    listener = feed.listen(registration, floor)
    limit = time.monotonic() + LONGEST_SECONDS
    try:
        yield b": welcome\n\n"  # says at once that the connection stands
        while not listener.closed and time.monotonic() < limit:
            try:
                yield await asyncio.wait_for(listener.queue.get(), STILL_HERE_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        feed.leave(listener)


feed = Feed()
