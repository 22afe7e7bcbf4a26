"""How much of one kind of slow work this process does at once, and how much of it for one name."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """All slots are taken; the text says whose."""


class Slots:
    """`most` slots, and of them so many for each name of a kind: `Slots(8, zone=4, caller=4)`.

    Nobody waits for a slot: who waits would hold a thread, which is what is to be saved.
    """

    def __init__(self, most: int, **each: int) -> None:
        self.most, self.each = most, each
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._all = 0

    @property
    def taken_now(self) -> int:
        return self._all

    @contextmanager
    def taken(self, **names: str) -> Iterator[None]:
        """Hold a slot while the block runs. An empty name counts in all only. Raises Busy."""
        mine = [(kind, name) for kind, name in names.items() if name]
        with self._lock:
            if self._all >= self.most:
                raise Busy("all of them are taken")
            for kind, name in mine:
                if self._taken[kind, name] >= self.each[kind]:
                    raise Busy(f"{self.each[kind]} for one {kind}")
            self._all += 1
            self._taken.update(mine)
        try:
            yield
        finally:
            with self._lock:
                self._all -= 1
                self._taken.subtract(mine)
                for key in mine:
                    if not self._taken[key]:
                        del self._taken[key]
