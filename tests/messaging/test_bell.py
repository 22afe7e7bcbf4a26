"""The bell: rung after the commit, never for a rollback, and allowed to be lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from messaging import bell
from messaging.bell import answering, pass_on, ring

pytestmark = pytest.mark.django_db(transaction=True)


def test_bell_rings_after_the_commit(bells: list[tuple[str, list[str]]]) -> None:
    with transaction.atomic():
        ring("messaging.deliver", "1")
        assert bells == []
    assert bells == [("messaging.deliver", ["1"])]


def test_bell_of_a_rollback_is_silent(bells: list[tuple[str, list[str]]]) -> None:
    with pytest.raises(ValueError, match="undone"), transaction.atomic():
        ring("messaging.deliver", "1")
        raise ValueError("undone")
    assert bells == []


def test_lost_bell_does_not_fail_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[dict[str, Any]] = []

    def refuse(app: Any, name: str, **options: Any) -> None:
        tried.append(options)
        raise OperationalError("the queue is down")

    monkeypatch.setattr("celery.Celery.send_task", refuse)
    with transaction.atomic():
        ring("messaging.deliver", "1")
    written = {"args": ["1"], "argsrepr": "1", "kwargsrepr": "{}"}
    assert tried == [written | {"retry": False, "expires": 60}]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that the task `test.follow` was run with; each rings for the next two numbers."""
    seen: list[str] = []

    def follow(row_id: str) -> None:
        seen.append(row_id)
        ring("test.follow", f"{row_id}1")
        ring("test.far", f"{row_id}2", here=lambda: False)

    task = SimpleNamespace(run=follow)
    monkeypatch.setitem(current_app.tasks, "test.follow", task)
    return seen


def test_worker_answers_what_it_has_rung_for(
    bells: list[tuple[str, list[str]]], answered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "MOST", 2)
    answering(lambda: ring("test.follow", "a"))
    assert answered == ["a", "a1"]
    assert bells == [("test.far", ["a2"]), ("test.far", ["a12"]), ("test.follow", ["a11"])]
    ring("test.follow", "b")
    assert bells[-1] == ("test.follow", ["b"])


def test_worker_that_fails_sends_what_it_has_rung_for(bells: list[tuple[str, list[str]]]) -> None:
    def fail() -> None:
        ring("test.follow", "a")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answering(fail)
    assert bells == [("test.follow", ["a"])]


def test_worker_that_is_about_to_wait_sends_what_it_has_rung_for(
    bells: list[tuple[str, list[str]]], answered: list[str]
) -> None:
    def wait() -> None:
        ring("test.follow", "a")
        pass_on()
        assert bells == [("test.follow", ["a"])]

    answering(wait)
    assert (answered, len(bells)) == ([], 1)


def test_bell_of_a_rollback_is_not_answered(
    bells: list[tuple[str, list[str]]], answered: list[str]
) -> None:
    def take_back() -> None:
        with transaction.atomic():
            ring("test.follow", "a")
            transaction.set_rollback(True)

    answering(take_back)
    assert (answered, bells) == ([], [])
