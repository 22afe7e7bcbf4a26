"""Counting: no request evicts a count, processes share them, and a lost Redis costs no answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.faults.scratch import Queue
from messaging import counters, inbox, rates
from messaging.counters import Memory, Shared, memory
from messaging.inbox import Answer
from tests.messaging.parties import Peer

NEEDS_REDIS = pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    started = Queue(tmp_path)
    started.start()
    yield started
    started.kill()


def test_count_begins_anew_when_its_time_is_over() -> None:
    counts = Memory()
    assert [counts.add("a", 0.05) for _ in range(3)] == [1, 2, 3]
    assert counts.has("a") and not counts.has("b")
    time.sleep(0.06)
    assert not counts.has("a")
    assert counts.add("a", 0.05) == 1


def test_flood_of_shares_evicts_no_count_and_fills_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the most, strangers are counted in groups; who was counted before stays."""
    monkeypatch.setattr(counters, "MOST", 100)
    monkeypatch.setattr(counters, "GROUPS", 4)
    counts = Memory()
    assert [counts.add("alice", 60) for _ in range(5)] == [1, 2, 3, 4, 5]
    for number in range(1000):
        counts.add(f"stranger{number}", 60)
    assert counts.add("alice", 60) == 6
    assert len(counts._counts) <= 104


def test_flood_leaves_room_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST", 100)
    counts = Memory()
    for number in range(200):
        counts.add(f"stranger{number}", 0.01)
    time.sleep(0.02)
    assert [counts.add("bob", 60), counts.add("bob", 60)] == [1, 2]
    assert len(counts._counts) < 10


@NEEDS_REDIS
def test_processes_count_together(queue: Queue) -> None:
    program = (
        "from django.conf import settings; settings.configure(); "
        "from messaging.counters import Shared; "
        f"print([Shared({queue.url!r}).add('a', 60) for _ in range(3)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[1, 2, 3]"
    assert Shared(queue.url).add("a", 60) == 4
    assert Shared(queue.url).has("a")


@NEEDS_REDIS
def test_count_in_redis_ends(queue: Queue) -> None:
    shared = Shared(queue.url)
    assert [shared.add("a", 1), shared.add("a", 1)] == [1, 2]
    time.sleep(1.1)
    assert shared.add("a", 1) == 1


@NEEDS_REDIS
def test_emptied_redis_begins_anew_and_a_dead_one_is_done_without(queue: Queue) -> None:
    shared = Shared(queue.url)
    assert [shared.add("a", 60) for _ in range(2)] == [1, 2]
    shared._redis.flushall()
    assert shared.add("a", 60) == 1
    queue.kill()
    began = time.monotonic()
    assert [shared.add("a", 60) for _ in range(100)] == list(range(1, 101))
    assert shared.has("a")
    assert time.monotonic() - began < 1  # it is not asked again and again
    queue.start()
    shared._rests_until = 0.0
    assert shared.add("a", 60) == 1


def test_silent_redis_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Shared("redis://192.0.2.1:6379/0")  # an address that answers nothing
    monkeypatch.setattr(counters, "TIMEOUT_SECONDS", 0.1)
    began = time.monotonic()
    assert [shared.add("a", 60) for _ in range(20)] == list(range(1, 21))
    assert time.monotonic() - began < 2


@NEEDS_REDIS
@pytest.mark.django_db
def test_messages_are_taken_while_redis_is_emptied_and_down(
    broker: Peer, queue: Queue, settings: Any
) -> None:
    settings.COUNTERS_URL, settings.SENDER_RATE = queue.url, "2/min"

    def statuses() -> list[Answer]:
        return [inbox.receive(broker.message("Offered@Issuer")) for _ in range(3)]

    refused = Answer(429, {"Error": "Too many messages"})
    assert statuses() == [Answer(200), Answer(200), refused]
    Shared(queue.url)._redis.flushall()
    assert statuses() == [Answer(200), Answer(200), refused]
    queue.kill()
    assert statuses() == [Answer(200), Answer(200), refused]


def test_rest_is_remembered_and_ends() -> None:
    rates.rest("push", "push.example", 0.05)
    assert rates.is_resting("push", "push.example")
    assert not rates.is_resting("push", "other.example")
    time.sleep(0.06)
    assert not rates.is_resting("push", "push.example")
    memory.clear()
