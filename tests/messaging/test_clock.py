"""The clock that tests can move, and ids that follow it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from messaging import clock, ids
from messaging.ids import uuid4, uuid7


def milliseconds(value: UUID) -> int:
    return value.int >> 80


def test_clock_moves_and_goes_back() -> None:
    clock.move(3600)
    clock.move(-600)
    ahead = clock.now() - datetime.now(UTC)
    assert timedelta(seconds=2999) < ahead < timedelta(seconds=3001)
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_uuid7_is_ordered_within_one_tick_and_across_threads() -> None:
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(mine: list[UUID]) -> None:
        mine.extend(uuid7() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({value for mine in made for value in mine}) == 8000


def test_uuid7_holds_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids._Last, "tick", 0)  # other tests were in the future
    value = uuid7()
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert abs(milliseconds(value) - clock.now().timestamp() * 1000) < 1000


def test_uuid7_stays_ordered_when_the_clock_goes_back() -> None:
    before = uuid7()
    clock.move(-3600)
    assert uuid7() > before


def test_uuid4_is_random() -> None:
    assert uuid4().version == 4
