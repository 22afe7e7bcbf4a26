"""Identifiers: time-ordered ones for our own rows, random ones for what strangers may see."""

from __future__ import annotations

import secrets
import threading
import uuid
from datetime import UTC, datetime, timedelta

from messaging import clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_lock = threading.Lock()


class _Last:
    tick = 0


def _next_tick() -> int:
    """Return a new 60 bit tick: milliseconds since 1970 and 12 bits of their fraction.

    Always above the one before in this process, also when many fall into one tick or the clock
    goes back, so that rows made in a loop sort as they were made.
    """
    microseconds = (clock.now() - _EPOCH) // timedelta(microseconds=1)
    with _lock:
        _Last.tick = max(microseconds * 4096 // 1000, _Last.tick + 1)
        return _Last.tick


def uuid7() -> uuid.UUID:
    """Return a time-ordered UUID (RFC 9562 version 7), increasing within this process."""
    tick = _next_tick()
    value = (tick >> 12) << 80 | 7 << 76 | (tick & 0xFFF) << 64
    return uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62))


def uuid4() -> uuid.UUID:
    """Return a random UUID, for ids that must not be guessed and must not tell when."""
    return uuid.uuid4()
