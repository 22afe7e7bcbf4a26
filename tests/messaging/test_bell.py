"""The bell: rung after the commit, never for a rollback, and allowed to be lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from messaging import bell
from messaging.bell import ring

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
    assert tried == [{"args": ["1"], "retry": False, "expires": 60}]


def test_worker_answers_what_its_own_work_rings_for(
    bells: list[tuple[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[str] = []

    def answer(row_id: str) -> None:
        answered.append(row_id)
        if row_id == "1":
            ring("messaging.deliver", "2")

    monkeypatch.setitem(bell._answers, "messaging.deliver", answer)
    with bell.working():
        ring("messaging.deliver", "1")
        ring("messaging.deliver", "far away", far=True)
        assert answered == []
    assert answered == ["1", "2"]
    assert bells == [("messaging.deliver", ["far away"])]
    ring("messaging.deliver", "3")
    assert bells[1:] == [("messaging.deliver", ["3"])]


def test_worker_leaves_to_the_queue_what_it_has_no_time_for(
    bells: list[tuple[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "WORK_SECONDS", 0.0)
    with bell.working():
        ring("messaging.deliver", "1")
    assert bells == [("messaging.deliver", ["1"])]


def test_worker_that_fails_leaves_its_bells_to_the_queue(
    bells: list[tuple[str, list[str]]],
) -> None:
    with pytest.raises(ValueError, match="fault"), bell.working():
        ring("messaging.deliver", "1")
        raise ValueError("fault")
    assert bells == [("messaging.deliver", ["1"])]
