"""The only clock of the product, so that tests can move time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class _Clock:
    offset = timedelta()


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC) + _Clock.offset


def move(seconds: float) -> None:
    """Shift the clock by `seconds` (negative: back) until reset(). For tests."""
    _Clock.offset += timedelta(seconds=seconds)


def reset() -> None:
    """Go back to the machine's time."""
    _Clock.offset = timedelta()
