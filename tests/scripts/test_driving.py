"""A sync message's run is driven: whoever drives it is told, and does not look all the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from messaging import clock, inbox
from messaging.envelope import Envelope
from messaging.models import InboxMessage
from messaging.signing import PrivateKey
from scripts import driving, lifecycle, services, wakes
from scripts.models import Run
from tests.person import NOTIFIER
from tests.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)


def question() -> bytes:
    """Return a message whose handler calls another domain, and waits for its answer."""
    key = PrivateKey.generate()
    body = {"Language": "en-us", "PublicKey": key.public.spki}
    envelope = Envelope.build(
        sender="Anonymous", to=NOTIFIER, subject="Onboard@Notifier", body=body, now=clock.now()
    )
    return envelope.signed(key).to_bytes()


@contextmanager
def driven(raw: bytes) -> Iterator[tuple[Run, Callable[[], tuple[int, float]]]]:
    """Hand in a message in a thread of its own, whose run nobody works on; give its run, and what
    waits for (the status that was answered, the seconds it took)."""
    found: list[tuple[int, float]] = []

    def hand_in() -> None:
        began = time.monotonic()
        try:
            found.append((inbox.receive(raw).status, time.monotonic() - began))
        finally:
            connection.close()

    thread = threading.Thread(target=hand_in)
    thread.start()
    while not (run := Run.objects.filter(script="Onboard@Notifier").first()):
        time.sleep(0.005)
    while run.pk not in driving._drivers:
        time.sleep(0.005)
    time.sleep(0.2)

    def answered() -> tuple[int, float]:
        thread.join(20)
        return found[0]

    yield run, answered
    thread.join(20)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Whoever drives finds nothing to do: others have the run. Returns when it looked."""
    looked: list[float] = []
    here = threading.get_ident()
    advance, deliver = services.advance, services._deliver_calls

    def seldom(run_id: UUID) -> bool:
        if threading.get_ident() == here:
            return advance(run_id)
        looked.append(time.monotonic())
        return False

    monkeypatch.setattr(services, "advance", seldom)
    monkeypatch.setattr(
        services,
        "_deliver_calls",
        lambda run_id: threading.get_ident() == here and deliver(run_id),
    )
    return looked


def never_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the look for other processes' work come too late, so that only being told counts."""
    monkeypatch.setattr(services, "FIRST_LOOK", 30.0)
    monkeypatch.setattr(services, "LAST_LOOK", 30.0)


def set_aside(run: Run) -> None:
    assert lifecycle.quarantine(run.pk, "poison")


def cancel(run: Run) -> None:
    assert lifecycle.cancel(run.pk, by="olivia")


def finish(run: Run) -> None:
    pump()


@pytest.mark.parametrize(
    ("happens", "status"),
    [(finish, 200), (cancel, 403), (set_aside, 503)],
    ids=["finished", "cancelled", "set aside"],
)
def test_driver_is_told_and_answers_at_once(
    places: list[str],
    idle: list[float],
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Run], None],
    status: int,
) -> None:
    never_look(monkeypatch)
    with driven(question()) as (run, answered):
        began = time.monotonic()
        happens(run)
        assert answered()[0] == status
        assert time.monotonic() - began < 3
    assert driving._drivers == {}


def test_driver_looks_for_what_other_processes_do_but_not_all_the_time(
    places: list[str], idle: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "_tell", lambda run_id: None)  # as in another process
    with driven(question()) as (run, answered):
        time.sleep(1.5)
        looks = len(idle)
        finish(run)
        assert answered()[0] == 200
    assert 3 <= looks <= 12


def test_driver_gives_up_after_its_time_and_a_repeat_gets_the_answer(
    places: list[str], idle: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "DRIVE_SECONDS", 0.5)
    raw = question()
    with driven(raw) as (_, answered):
        status, seconds = answered()
    assert status == 504 and 0.4 < seconds < 3
    pump()
    assert inbox.receive(raw).status == 200


def test_message_whose_run_is_set_aside_is_refused_for_now_and_answered_after_the_retry(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = question()

    def raises(*_: Any) -> bool:
        raise RuntimeError("poison")

    with monkeypatch.context() as patched:
        patched.setattr(services, "advance_once", raises)
        patched.setattr(services, "DRIVE_SECONDS", 0.1)
        assert inbox.receive(raw).status == 504  # not set aside yet: it may still come
        for _ in range(wakes.ATTEMPTS):
            clock.move(61)
            pump()
        began = time.monotonic()
        clock.move(-61 * wakes.ATTEMPTS)
        patched.setattr(services, "DRIVE_SECONDS", 10.0)
        assert inbox.receive(raw).status == 503
        assert time.monotonic() - began < 1
    run = Run.objects.get(script="Onboard@Notifier")
    assert InboxMessage.objects.get(pk=str(run.message_id)).response_status is None
    assert lifecycle.retry(run.pk, by="olivia")
    assert inbox.receive(raw).status == 200
