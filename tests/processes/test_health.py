"""`manage.py health`: says what is late or set aside, and ends with status 1 then."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from messaging import clock
from messaging.models import Destination
from messaging.states import BreakerState
from tests.messaging.mail import queue

pytestmark = pytest.mark.django_db


def health(*words: str) -> tuple[int, list[str]]:
    out = StringIO()
    try:
        call_command("health", *words, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_all_is_well_where_nothing_is_owed() -> None:
    status, lines = health()
    assert status == 0
    assert all(line.startswith("ok ") for line in lines)
    assert len(lines) == 6


def test_work_that_nobody_does_is_told() -> None:
    queue()
    clock.move(50)
    assert health()[0] == 0
    assert health("--oldest", "40")[0] == 1
    clock.move(50)
    status, lines = health()
    assert status == 1
    assert [line for line in lines if line.startswith("BAD")] == [
        "BAD oldest message that is due: 100 s late"
    ]


def test_destination_that_is_down_is_told() -> None:
    now = clock.now()
    Destination.objects.create(domain="broker.test", state=BreakerState.OPEN, changed_at=now)
    status, lines = health()
    assert (status, lines[-1]) == (1, "BAD destinations that do not answer: 1")
