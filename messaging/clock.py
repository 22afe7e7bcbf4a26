"""The only clock of the product, so that tests can move time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class _Clock:
    offset = timedelta()
    shared: Callable[[], float] | None = None
    source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    if _Clock.source is not None:
        return _Clock.source()
    if _Clock.shared is not None:
        return datetime.now(UTC) + timedelta(seconds=_Clock.shared())
    return datetime.now(UTC) + _Clock.offset


def share(offset: Callable[[], float]) -> None:
    """Take the shift, in seconds, from `offset` from now on: several processes, one moved clock.
    For tests."""
    _Clock.shared = offset


def follow(source: Callable[[], datetime]) -> None:
    """Take every moment from `source` until reset(): a time in which only what is played passes.
    For rehearsals of scripts."""
    _Clock.source = source


def move(seconds: float) -> None:
    """Shift the clock by `seconds` (negative: back) until reset(). For tests."""
    _Clock.offset += timedelta(seconds=seconds)


def reset() -> None:
    """Go back to the machine's time."""
    _Clock.offset, _Clock.shared, _Clock.source = timedelta(), None, None
