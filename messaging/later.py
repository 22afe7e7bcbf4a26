"""An answer that takes seconds is made in the event loop: it holds no thread and no connection.

A view does what needs the database, and returns `later(...)` for what it waits for. Where no event
loop serves the request (a test's client, wallets in the same process) it is made on the spot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpResponse

Make = Callable[[], Awaitable[HttpResponse]]

_served: ContextVar[bool] = ContextVar("served_by_loop", default=False)


class Later(HttpResponse):
    """Stands in for an answer until it is made; headers that it has been given go onto that."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.make = make

    async def made(self) -> HttpResponse:
        """Make the answer. Must not touch the database."""
        response = await self.make()
        for name, value in self.items():
            if name not in ("Content-Type", "Content-Length"):
                response.headers.setdefault(name, value)
        return response


def later(make: Make) -> HttpResponse:
    """Return the answer that `make` gives, or what stands in for it until the loop has made it."""
    return Later(make) if _served.get() else asyncio.run(_awaited(make))


async def _awaited(make: Make) -> HttpResponse:
    return await make()


@contextmanager
def served_by_loop() -> Iterator[None]:
    """Say, while the block runs, that an event loop makes what a view returns as Later."""
    token = _served.set(True)
    try:
        yield
    finally:
        _served.reset(token)
