"""What a process has lately read of the domains hosted here and their keys.

Each message asks for the same few rows several times, and opening a sealed key costs as much as
signing with it. Only what was found is remembered, for two seconds: a new domain counts at once, a
change made by another process within that time. Until then the old key still verifies, because
old keys stay published.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from django.db import connection

V = TypeVar("V")

SECONDS = 2.0
MOST = 1000


class Remembered(Generic[V]):
    """Answers of one kind of question, by what was asked."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, V]] = {}

    def ask(self, question: Hashable, read: Callable[[], V | None]) -> V | None:
        """Return what `read` returned for this question within the last two seconds, or does now.

        Nothing is kept of what an open transaction reads: it may be taken back.
        """
        until, answer = self._known.get(question, (0.0, None))
        now = monotonic()
        if answer is not None and now < until:
            return answer
        answer = read()
        if answer is None or connection.in_atomic_block:
            return answer
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[question] = (now + SECONDS, answer)
        return answer

    def forget(self) -> None:
        """Forget everything: it has been changed."""
        self._known.clear()
