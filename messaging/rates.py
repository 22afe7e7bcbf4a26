"""How much one sender may send: what it proved to be counts, wherever it connects from."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from messaging import clock
from messaging.canonical import sha256_hex

SECONDS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}


def parse_rate(text: str) -> tuple[int, int]:
    """Return how many in how many seconds `N/min` (or sec, hour, day) allows. Raises ValueError."""
    number, _, period = text.partition("/")
    if not number.isdecimal() or period not in SECONDS or int(number) < 1:
        raise ValueError(f"{text!r} is not a rate such as 6000/min")
    return int(number), SECONDS[period]


def is_over(sender: str) -> bool:
    """Count one message of a sender; say whether it was more than SENDER_RATE allows.

    Counted in the cache, so each process has its own count where the cache is in memory.
    """
    most, seconds = parse_rate(settings.SENDER_RATE)
    window = int(clock.now().timestamp()) // seconds
    key = f"sender:{sha256_hex(sender.encode())[:32]}:{window}"
    cache.add(key, 0, timeout=2 * seconds)
    try:
        return cache.incr(key) > most
    except ValueError:  # the cache dropped it in this moment: begin anew
        return False
