"""The faults that strike a storm from outside, drawn from a deck so that none is left out."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psycopg
import redis

from config.faults.scratch import Cluster, Queue
from config.faults.troop import Troop
from config.faults.weather import Weather
from messaging.outbox.claims import LEASE as MESSAGE_LEASE
from scripts.wakes import LEASE as RUN_LEASE

CLOCK_SECONDS = 8.0
PAST_LEASE = 1.5
HALF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5"
)


class Troubles:
    """Draws faults and lets them strike; each that struck is in the journal."""

    def __init__(
        self,
        troop: Troop,
        weather: Weather,
        cluster: Cluster | None,
        queue: Queue | None,
        chance: random.Random,
    ) -> None:
        self.troop = troop
        self.weather = weather
        self.cluster = cluster
        self.queue = queue
        self.chance = chance
        self.deck: list[str] = []
        self.struck = 0
        self.table: dict[str, tuple[int, Callable[[], bool]]] = {
            "web killed": (2, lambda: troop.kill("web")),
            "submitter killed": (2, lambda: troop.kill("submitter")),
            "wallets killed": (1, lambda: troop.kill("people")),
            "clock jumped": (2, self._jump),
        }
        if queue is not None:
            self.table |= {
                "worker child killed": (4, lambda: troop.kill_child("worker")),
                "worker group killed": (1, lambda: troop.kill("worker", group=True)),
                "scheduler killed": (1, lambda: troop.kill("beat")),
                "worker stopped past its lease": (1, lambda: self._freeze(RUN_LEASE.seconds)),
                "worker stopped past a message's lease": (
                    1,
                    lambda: self._freeze(MESSAGE_LEASE.seconds),
                ),
                "redis emptied": (2, partial(_empty, queue)),
                "redis killed": (1, partial(_restart_queue, queue)),
            }
        if cluster is not None:
            self.table |= {
                "postgresql restarted": (1, partial(_restart_database, cluster)),
                "connections cut": (2, partial(_cut_connections, cluster)),
            }
        if cluster is None and queue is None:
            self.table["web killed"] = (6, lambda: troop.kill("web"))

    def kinds(self) -> list[str]:
        """Return every kind of fault of this storm."""
        return list(self.table)

    def strike(self) -> None:
        """Let the next fault of the deck strike, and note it if it did."""
        if not self.deck:
            self.deck = [name for name, (times, _) in self.table.items() for _ in range(times)]
            self.chance.shuffle(self.deck)
        name = self.deck.pop()
        if self.table[name][1]():
            self.struck += 1
            self.weather.journal("fault", name)

    def _jump(self) -> bool:
        # Back as often as forth, so that the clock stays where people are.
        offset = self.weather.offset.value
        seconds = self.chance.uniform(-CLOCK_SECONDS, CLOCK_SECONDS)
        self.weather.offset.value = min(max(offset + seconds, -CLOCK_SECONDS), CLOCK_SECONDS)
        return True

    def _freeze(self, lease: int) -> bool:
        return self.troop.stop_child("worker", lease + PAST_LEASE)


def _empty(queue: Queue) -> bool:
    with suppress(redis.RedisError), redis.Redis.from_url(queue.url) as client:
        client.flushall()
        return True
    return False


def _restart_queue(queue: Queue) -> bool:
    queue.kill()
    queue.start()
    return True


def _restart_database(cluster: Cluster) -> bool:
    cluster.stop("immediate")
    cluster.start()
    return True


def _cut_connections(cluster: Cluster) -> bool:
    with suppress(psycopg.Error), psycopg.connect(cluster.url, autocommit=True) as admin:
        admin.execute(HALF)
        return True
    return False
