"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import TransactionTestCase

from config.demo.data import seed
from config.demo.server import NO_LIMITS
from messaging import clock, keys, proven
from messaging.counters import memory
from scripts import library, poison
from scripts.language.machine import Machine
from tests.emptying import empty_database
from tests.person import Person
from tests.pump import pump
from tests.sealed import Seen, odd_values

TransactionTestCase._fixture_teardown = empty_database  # type: ignore[attr-defined]
OF_STORES = {"db", "transactional_db", "django_db_setup"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stores", action="store_true", help="only what can tell one store from another"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --stores, leave out what opens no database: it ran on SQLite as it would here."""
    if not config.getoption("--stores"):
        return
    config.hook.pytest_deselected(items=[item for item in items if not _uses_a_store(item)])
    items[:] = filter(_uses_a_store, items)


def _uses_a_store(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in ("django_db", "processes"))
    return marked or bool(OF_STORES & set(getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    """Tests that move the clock leave it as they found it."""
    yield
    clock.reset()


@pytest.fixture(autouse=True)
def _forgetful_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has an empty database; what the process knows of the last one is void."""
    monkeypatch.setattr(library, "_kept", {})
    poison.forget()
    keys.forget_remembered()


@pytest.fixture(autouse=True)
def _nobody_has_used_up_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test counts from nothing, in this process, and has no limits but those it sets."""
    for name, rate in {**NO_LIMITS, "COUNTERS_URL": ""}.items():
        monkeypatch.setattr(f"django.conf.settings.{name}", rate)
    memory.clear()
    proven.forget()


@pytest.fixture(autouse=True)
def _quiet_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker is running in unit tests: rows say what is due, `pump` works on them."""
    monkeypatch.setattr("celery.Celery.send_task", lambda *args, **kwargs: None)


@pytest.fixture(autouse=True)
def _plain_data_in_every_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever script a test runs in this process: after each step its holders are plain data."""
    odd: list[str] = []
    step, resume = Machine.step, Machine.resume

    def watch(machine: Machine) -> None:
        seen: Seen = machine.__dict__.setdefault("seen_by_tests", {})
        odd.extend(odd_values(machine.root, seen))

    def watched_step(machine: Machine) -> None:
        step(machine)
        watch(machine)

    def watched_resume(machine: Machine, signal: Any, hook: str) -> None:
        resume(machine, signal, hook)
        watch(machine)

    monkeypatch.setattr(Machine, "step", watched_step)
    monkeypatch.setattr(Machine, "resume", watched_resume)
    yield
    assert odd == []


@pytest.fixture
def places(transactional_db: None) -> list[str]:
    """The demonstration's domains and talkers, in the test's database."""
    return seed()


@pytest.fixture
def alice(places: list[str]) -> Person:
    """A person with an onboarded wallet."""
    person = Person("alice")
    person.onboard()
    pump()
    return person


@pytest.fixture
def bob(places: list[str]) -> Person:
    """Somebody else with an onboarded wallet."""
    person = Person("bob")
    person.onboard()
    pump()
    return person
