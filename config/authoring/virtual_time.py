"""A time in which only what is played passes: waits are jumped, and the machine's speed is no part
of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from messaging import clock

TICK = timedelta(microseconds=20)  # each look at the clock: what comes later is later
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
PARTS = 2


class VirtualTime:
    """Moments as the engine sees them while a script is rehearsed."""

    def __init__(self, begins: datetime) -> None:
        self.moment = begins

    def now(self) -> datetime:
        """Return the moment, a little later each time."""
        self.moment += TICK
        return self.moment

    def jump(self, moment: datetime) -> timedelta:
        """Go to a moment, if it is still to come; return how long that was."""
        passed = max(moment - self.moment, timedelta())
        self.moment += passed
        return passed


@contextmanager
def virtual_time(begins: datetime | None = None) -> Iterator[VirtualTime]:
    """Let the product's clock be a virtual one; it begins now, or at a moment (UTC)."""
    time = VirtualTime(begins or datetime.now(UTC))
    clock.follow(time.now)
    try:
        yield time
    finally:
        clock.reset()


def spoken(period: timedelta) -> str:
    """Return a period as people say it: `2 days 3 hours`; empty when it is under a second.

    Two units at most: who waits for days does not count the seconds.
    """
    left = round(period.total_seconds())
    said: list[str] = []
    for name, seconds in UNITS:
        count, rest = divmod(left, seconds)
        if count:
            said.append(f"{count} {name}{'' if count == 1 else 's'}")
            left = rest
        if len(said) == PARTS:
            break
    return " ".join(said)
