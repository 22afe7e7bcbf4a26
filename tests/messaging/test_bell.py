"""The bell: rung after the commit, never for a rollback, and allowed to be lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

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
