"""Counts of what each share has used up: in Redis, where processes share one, else in memory.

No request can evict another's count: this is no cache. A count is never worth an answer: when Redis
is down, slow, full or has been emptied, counting goes on in this process, and begins anew.
"""

from __future__ import annotations

import threading
import time
from functools import lru_cache

import structlog
from django.conf import settings
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from messaging.canonical import sha256_hex

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 0.25
REST_SECONDS = 2.0  # for a Redis that did not answer
MOST = 100_000  # counts in memory; shares beyond it are counted together, in so many groups
GROUPS = 1024
PREFIX = "countersign:count:"


class Memory:
    """Counts of this process, each for so many seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def add(self, key: str, seconds: float) -> int:
        """Count one more under a key; return how many there are since it was begun."""
        now = time.monotonic()
        with self._lock:
            if len(self._counts) >= MOST and key not in self._counts:
                self._sweep(now)
            if len(self._counts) >= MOST and key not in self._counts:
                key = f"group {int(sha256_hex(key.encode())[:8], 16) % GROUPS}"
            count, end = self._counts.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + seconds
            self._counts[key] = (count + 1, end)
            return count + 1

    def has(self, key: str) -> bool:
        """Say whether anything is counted under a key now."""
        return self._counts.get(key, (0, 0.0))[1] > time.monotonic()

    def _sweep(self, now: float) -> None:
        self._counts = {key: each for key, each in self._counts.items() if each[1] > now}

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()


memory = Memory()


class Shared:
    """Counts in a Redis; in memory while it does not answer."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._rests_until = 0.0

    def add(self, key: str, seconds: float) -> int:
        """Count one more under a key; return how many there are since it was begun."""
        if not self._rests:
            try:
                with self._redis.pipeline(transaction=False) as pipeline:
                    pipeline.incr(PREFIX + key)
                    pipeline.expire(PREFIX + key, max(int(seconds), 1), nx=True)
                    return int(pipeline.execute()[0])
            except RedisError as error:
                self._rest(error)
        return memory.add(key, seconds)

    def has(self, key: str) -> bool:
        """Say whether anything is counted under a key now."""
        if not self._rests:
            try:
                return bool(self._redis.exists(PREFIX + key))
            except RedisError as error:
                self._rest(error)
        return memory.has(key)

    @property
    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _rest(self, error: RedisError) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS
        log.warning("counters_lost_redis", error=str(error)[:200])


def counters() -> Memory | Shared:
    """Return where this deployment counts: COUNTERS_URL, or in this process without it."""
    url: str = settings.COUNTERS_URL
    return _shared(url) if url else memory


@lru_cache(maxsize=4)
def _shared(url: str) -> Shared:
    return Shared(url)
