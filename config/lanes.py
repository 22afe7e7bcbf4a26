"""A fixed number of threads for requests, and who waits for one: all of it in the event loop.

A full server costs nearly nothing and stops nobody who has proved who he is. Requests wait in
lanes: one for each wallet, chat or peer that proved itself at its address (`messaging.proven`),
served in turn; and one for each other address, the newest first, because the oldest has most likely
given up, and who comes once finds a short wait also behind hundreds from the same place. Some
threads are only for those who are proven.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from django.conf import settings

from messaging import proven

PROVEN_WAITING = 32  # in one lane
LONGEST_WAIT = 10.0
EVERY = 4  # each so many turns are for those who are not proven, also while others wait
_FROM = re.compile(rb'"From"\s*:\s*"([A-Za-z0-9.-]{1,253})"')
_ID = re.compile(rb'"(?:Prompt|Token|Chat|Appendix)"\s*:\s*"([0-9a-f-]{36})"')
_SESSION = re.compile(
    rb"(?:^|;\s*)" + re.escape(settings.SESSION_COOKIE_NAME.encode()) + rb"=([A-Za-z0-9]{16,64})"
)


class Full(Exception):
    """So many wait already that another one is better told to come again."""


@dataclass(frozen=True)
class Lane:
    """Who waits together. `address` is the share of the caller."""

    address: str
    identity: str = ""

    @property
    def is_proven(self) -> bool:
        return bool(self.identity)


def lane_of(share: str, path: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Lane:
    """Return the lane of a request: that of whom it names, if that was proved at this address.

    `body` is its beginning, where a message of a usual size says who it is from.
    """
    for identity in _named(path, headers, body):
        if proven.knows(share, identity):
            return Lane(share, identity)
    return Lane(share)


def _named(path: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Iterable[str]:
    for name, value in headers:
        if name == b"wallet":
            yield value.decode("latin-1")
        elif name == b"cookie" and (found := _SESSION.search(value)):
            yield found[1].decode()
    if path == "/inbox":
        for pattern in (_FROM, _ID):
            if found := pattern.search(body):
                yield found[1].decode().lower()


class Threads:
    """`most` threads, made when they are needed, each with a database connection at most.

    The thread that became free last is taken first, so that few hold connections in calm times.
    At most `waiting` requests of the unproven wait, and three quarters of them at one address.
    """

    def __init__(self, most: int, waiting: int) -> None:
        self.most, self.waiting = most, waiting
        # Few, because they share a processor with those who are proven.
        self.unproven_most = max(most * 3 // 8, 1)
        self.idle: list[ThreadPoolExecutor] = []
        self._made = 0
        self._unproven_busy = 0
        self._turn = 0
        self._proven: OrderedDict[Lane, deque[asyncio.Future[ThreadPoolExecutor]]] = OrderedDict()
        self._others: OrderedDict[Lane, deque[asyncio.Future[ThreadPoolExecutor]]] = OrderedDict()

    @property
    def waiting_now(self) -> int:
        return sum(map(len, (*self._proven.values(), *self._others.values())))

    @asynccontextmanager
    async def taken(self, lane: Lane) -> AsyncIterator[ThreadPoolExecutor]:
        """Hold a thread while the block runs. Raises Full, at once or after LONGEST_WAIT."""
        thread = self._free(lane) or await self._waited(lane)
        try:
            yield thread
        finally:
            self._give_back(lane, thread)

    def _give_back(self, lane: Lane, thread: ThreadPoolExecutor) -> None:
        """Free a thread. One whose request was broken off is at work still, and goes on after."""
        self._unproven_busy -= not lane.is_proven
        self.idle.append(thread)
        while self.idle and (future := self._next()) is not None:
            future.set_result(self.idle.pop())

    def _free(self, lane: Lane) -> ThreadPoolExecutor | None:
        """Take a thread that nobody has, where this lane may."""
        if not lane.is_proven and self._unproven_busy >= self.unproven_most:
            return None
        if not self.idle:
            if self._made >= self.most:
                return None
            self._made += 1
            self.idle.append(ThreadPoolExecutor(1, "request"))
        self._unproven_busy += not lane.is_proven
        return self.idle.pop()

    async def _waited(self, lane: Lane) -> ThreadPoolExecutor:
        future = self._stand_in(lane)
        try:
            await asyncio.wait({future}, timeout=LONGEST_WAIT)
        except asyncio.CancelledError:
            if future.done():
                self._give_back(lane, future.result())
            else:
                self._leave(lane, future)
            raise
        if not future.done():
            self._leave(lane, future)
            raise Full
        return future.result()

    def _stand_in(self, lane: Lane) -> asyncio.Future[ThreadPoolExecutor]:
        """Join a lane. Raises Full."""
        lanes = self._proven if lane.is_proven else self._others
        most = PROVEN_WAITING if lane.is_proven else self.waiting * 3 // 4
        all_of_them = sum(map(len, self._others.values()))
        if len(lanes.get(lane, ())) >= most or (not lane.is_proven and all_of_them >= self.waiting):
            raise Full
        future: asyncio.Future[ThreadPoolExecutor] = asyncio.get_running_loop().create_future()
        lanes.setdefault(lane, deque()).append(future)
        return future

    def _leave(self, lane: Lane, future: asyncio.Future[ThreadPoolExecutor]) -> None:
        lanes = self._proven if lane.is_proven else self._others
        lanes[lane].remove(future)
        if not lanes[lane]:
            del lanes[lane]

    def _next(self) -> asyncio.Future[ThreadPoolExecutor] | None:
        may_other = self._others and self._unproven_busy < self.unproven_most
        self._turn += 1
        if may_other and (not self._proven or self._turn % EVERY == 0):
            self._unproven_busy += 1
            return _taken_from(self._others, newest=True)
        return _taken_from(self._proven, newest=False) if self._proven else None


def _taken_from(
    lanes: OrderedDict[Lane, deque[asyncio.Future[ThreadPoolExecutor]]], *, newest: bool
) -> asyncio.Future[ThreadPoolExecutor]:
    """Take who is next in the first lane, which then comes last."""
    lane, queue = next(iter(lanes.items()))
    future = queue.pop() if newest else queue.popleft()
    lanes.move_to_end(lane)
    if not queue:
        del lanes[lane]
    return future
