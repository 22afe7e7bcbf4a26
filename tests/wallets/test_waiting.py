"""The one look for all who wait."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from django.db import OperationalError

from tests.person import Person
from tests.pump import pump
from wallets import waiting
from wallets.models import Registration
from wallets.waiting import TooManyWait, Watch


def registration(person: Person) -> Registration:
    return Registration.objects.get(wallet=person.wallet)


def wait(watch: Watch, key: Any, seconds: float) -> bool:
    """Wait as a request does; say whether anything has come."""
    return bool(asyncio.run(watch.wait(key, seconds, 50)))


def wait_in_thread(watch: Watch, person: Person, seconds: float) -> tuple[threading.Thread, Any]:
    told: list[bool] = []
    key = registration(person).pk
    thread = threading.Thread(target=lambda: told.append(wait(watch, key, seconds)))
    thread.start()
    return thread, told


def test_only_the_wallet_that_something_came_for_is_told(alice: Person, bob: Person) -> None:
    watch = Watch()
    waits = [wait_in_thread(watch, person, 3) for person in (alice, bob)]
    alice.send(
        "broker.test", "Locate@Broker", {"Locator": ".HOST,theatre.test,ticket", "Hook": HOOK}
    )
    pump()
    for thread, _ in waits:
        thread.join()
    assert [told for _, told in waits] == [[True], [False]]


def test_nobody_waiting_leaves_no_thread_and_no_connection(alice: Person) -> None:
    watch = Watch()
    assert not wait(watch, registration(alice).pk, 0.05)
    end = time.monotonic() + 5
    while watch._running and time.monotonic() < end:
        time.sleep(0.01)
    assert not watch._running
    assert not wait(watch, registration(alice).pk, 0.05)  # and starts again


def test_lost_database_costs_a_look_and_not_the_watch(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AFTER_FAULT", 0.01)
    watch, look, faults = Watch(), Watch._look, [OperationalError("gone"), OperationalError("gone")]

    def looks(self: Watch, who: Any) -> None:
        if faults:
            raise faults.pop()
        look(self, who)

    monkeypatch.setattr(Watch, "_look", looks)
    alice.send(
        "broker.test", "Locate@Broker", {"Locator": ".HOST,theatre.test,ticket", "Hook": HOOK}
    )
    pump()
    assert wait(watch, registration(alice).pk, 5)
    assert not faults


def test_of_too_many_that_wait_for_a_wallet_the_first_ends_with_nothing(alice: Person) -> None:
    watch, key = Watch(), registration(alice).pk

    async def six() -> list[float]:
        async def one() -> float:
            began = time.monotonic()
            assert await watch.wait(key, 1.0, 50) == []
            return time.monotonic() - began

        return await asyncio.gather(*(one() for _ in range(waiting.MOST_A_WALLET + 2)))

    took = asyncio.run(six())
    assert [seconds < 0.5 for seconds in took] == [True] * 2 + [False] * waiting.MOST_A_WALLET


def test_too_many_waiting_are_told_so_at_once(
    alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST", 1)
    watch = Watch()

    keys = [registration(person).pk for person in (alice, bob)]

    async def both() -> None:
        first = asyncio.ensure_future(watch.wait(keys[0], 0.3, 50))
        await asyncio.sleep(0.05)
        with pytest.raises(TooManyWait):
            await watch.wait(keys[1], 0.3, 50)
        assert await first == []

    asyncio.run(both())


HOOK = "0b7ad0d2-3b8e-4f6b-9a52-3f6d5ff5d0a1"
