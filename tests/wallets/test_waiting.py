"""The one look for all who wait."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import OperationalError

from tests.person import Person
from tests.pump import pump
from wallets import waiting
from wallets.models import Registration
from wallets.waiting import Watch


def registration(person: Person) -> Registration:
    return Registration.objects.get(wallet=person.wallet)


def wait_in_thread(watch: Watch, person: Person, seconds: float) -> tuple[threading.Thread, Any]:
    told: list[bool] = []
    key = registration(person).pk
    thread = threading.Thread(target=lambda: told.append(watch.wait(key, seconds)))
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
    assert not watch.wait(registration(alice).pk, 0.05)
    end = time.monotonic() + 5
    while watch._running and time.monotonic() < end:
        time.sleep(0.01)
    assert not watch._running
    assert not watch.wait(registration(alice).pk, 0.05)  # and starts again


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
    assert watch.wait(registration(alice).pk, 5)
    assert not faults


HOOK = "0b7ad0d2-3b8e-4f6b-9a52-3f6d5ff5d0a1"
