"""The durable engine: waits, mailboxes, deadlines, wake-ups, poison and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction

from host.services import save_talker
from messaging import clock, ids
from scripts import hooks, library, lifecycle, services, wakes
from scripts.models import Hook, Ready, Run, RunEvent, Signal, Timer
from scripts.selectors import untold_runs, unwakeable_runs
from scripts.states import SignalState
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = """
- WAIT >> $answer:
    Hook: door
    Timeout: 1 hour
- RETURN:
    Answer: $answer
    TimedOut: $.Script.TimedOut
"""


def knock(value: Any, *, source: str = "test", origin: str = f"domain:{DOMAIN}") -> SignalState:
    return hooks.send_signal(domain=DOMAIN, name="door", source=source, origin=origin, value=value)


@pytest.fixture(autouse=True)
def _nobody_is_stuck() -> Any:
    yield
    assert not unwakeable_runs().exists()
    assert not untold_runs().exists()


def test_signal_after_the_wait_resumes_with_its_value() -> None:
    run = begin(WAIT)
    pump()
    run.refresh_from_db()
    assert (run.state, Timer.objects.count()) == ("WAITING", 1)
    assert knock("hello") == SignalState.NEW
    pump()
    assert result(run) == {"Answer": "hello", "TimedOut": False}
    assert not Timer.objects.exists()


def test_signal_before_the_wait_is_kept_for_it() -> None:
    assert knock("early") == SignalState.NEW
    run = begin(WAIT)
    pump()
    assert result(run)["Answer"] == "early"


def test_each_wait_takes_one_signal_in_order() -> None:
    for number in ("1", "2"):
        knock(number, source=number)
    run = begin("- WAIT door >> $a\n- WAIT door >> $b\n- RETURN: '{$a}{$b}'")
    pump()
    assert result(run) == "12"


def test_signals_are_taken_in_the_order_they_came_in_though_clocks_differ() -> None:
    for number, offset in enumerate((40, -40, 0)):
        ids._Last.tick = 0  # each by a machine with a clock of its own
        clock.move(offset)
        knock(str(number), source=str(number))
        clock.move(-offset)
    run = begin("- WAIT door >> $a\n- WAIT door >> $b\n- WAIT door >> $c\n- RETURN: '{$a}{$b}{$c}'")
    pump()
    assert result(run) == "012"


def test_same_source_signals_once() -> None:
    knock("first")
    knock("second")
    run = begin(WAIT)
    pump()
    assert result(run)["Answer"] == "first"
    assert Signal.objects.count() == 1


def test_deadline_resumes_empty_and_what_comes_then_is_late() -> None:
    run = begin(WAIT)
    pump()
    clock.move(3601)
    pump()
    assert result(run) == {"Answer": None, "TimedOut": True}
    assert knock("too late") == SignalState.LATE


def test_signal_at_the_deadline_is_told_it_is_late_and_not_acted_on() -> None:
    """The advance that closes the hook has not run yet: the decision is made, and stored, here."""
    run = begin(WAIT)
    pump()
    clock.move(3601)
    assert knock("edge") == SignalState.LATE
    pump()
    assert result(run) == {"Answer": None, "TimedOut": True}


def test_signal_from_another_party_is_refused_and_the_wait_goes_on() -> None:
    run = begin(WAIT)
    pump()
    assert knock("forged", source="a", origin="domain:charlie.test") == SignalState.REFUSED
    assert knock("real", source="b") == SignalState.NEW
    pump()
    assert result(run)["Answer"] == "real"


def test_early_signal_from_another_party_is_refused_by_the_wait() -> None:
    knock("forged", source="a", origin="domain:charlie.test")
    run = begin(WAIT)
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"
    assert Signal.objects.get().state == SignalState.REFUSED


def test_second_run_on_a_taken_hook_fails() -> None:
    begin(WAIT)
    pump()
    second = begin(WAIT)
    pump()
    second.refresh_from_db()
    assert second.state == "FAILED"
    assert "already waits" in second.error


def test_wake_up_during_an_advance_is_not_deleted_with_it() -> None:
    run = begin(WAIT)
    claim = wakes.claim(run.pk)
    assert claim is not None
    with transaction.atomic():
        wakes.wake(run.pk)
    with transaction.atomic():
        wakes.settle(run.pk, claim.gen)
    row = Ready.objects.get(run=run)
    assert row.gen == claim.gen + 1
    assert row.due_at <= clock.now()
    pump()


def test_clock_moved_back_keeps_the_deadline() -> None:
    run = begin(WAIT)
    pump()
    clock.move(3601)
    assert wakes.fire_timers() == 1
    clock.move(-1800)
    with transaction.atomic():
        wakes.wake(run.pk)
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"
    assert Timer.objects.filter(run=run).exists()
    clock.move(1800)
    pump()
    assert result(run)["TimedOut"] is True


def test_failed_segment_takes_back_its_writes_and_is_recorded(places: list[str]) -> None:
    run = begin("- RACE door: x\n- ERROR Not today")
    pump()
    run.refresh_from_db()
    assert (run.state, run.error) == ("FAILED", "test:2:3: Not today")
    assert not Signal.objects.exists()


def test_starting_twice_for_one_trigger_starts_once() -> None:
    run = begin(WAIT)
    with transaction.atomic():
        from_again = services.start_run(
            library.version(run.version_id), run.script, domain=DOMAIN, trigger=run.trigger
        )
    assert from_again is None
    assert Run.objects.count() == 1
    pump()


def test_long_script_yields_and_goes_on() -> None:
    run = begin("- PUT 0 >> $n\n" + "- SET $n.Add(1)\n" * 130 + "- RETURN: $n")
    pump()
    assert result(run) == 130
    assert RunEvent.objects.filter(run=run).count() == 3


def failing(fault: Exception) -> Callable[..., bool]:
    def advance_once(*_: Any) -> bool:
        raise fault

    return advance_once


def tire(run: Run, times: int) -> None:
    """Let a run be claimed `times` times, however long its pauses are."""
    for _ in range(times):
        clock.move(120)
        services.advance(run.pk)


def test_poison_is_quarantined_and_can_be_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(WAIT)
    with monkeypatch.context() as patched:
        patched.setattr(services, "advance_once", failing(RuntimeError("poison")))
        tire(run, wakes.ATTEMPTS - 1)
        run.refresh_from_db()
        assert run.state == "READY"
        tire(run, 1)
    run.refresh_from_db()
    assert (run.state, run.error) == ("QUARANTINED", "RuntimeError('poison')")
    assert not Ready.objects.exists()
    assert lifecycle.retry(run.pk, by="olivia")
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"


def test_parked_run_that_is_retried_is_seen_to_wait_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(WAIT)
    pump()
    clock.move(3601)
    wakes.fire_timers()
    with monkeypatch.context() as patched:
        patched.setattr(services, "advance_once", failing(RuntimeError("poison")))
        tire(run, wakes.ATTEMPTS)
    clock.move(-3601 - 120 * wakes.ATTEMPTS)
    assert lifecycle.retry(run.pk, by="olivia")
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"
    assert Timer.objects.filter(run=run).exists()


def test_run_that_kills_every_worker_is_quarantined() -> None:
    """No worker comes back to say what happened, so the next claim has to."""
    run = begin(WAIT)
    for _ in range(wakes.ATTEMPTS):
        assert wakes.claim(run.pk) is not None
        clock.move(wakes.LEASE.total_seconds() + 1)
    assert services.advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("QUARANTINED", "8 workers took it, and none came back")
    assert lifecycle.retry(run.pk, by="olivia")
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"


def test_mailbox_whose_deadline_is_decided_is_not_taken_over_before_its_run_is_told() -> None:
    first = begin(WAIT)
    pump()
    clock.move(3601)
    assert knock("edge") == SignalState.LATE
    second = begin(WAIT)
    services.advance(second.pk)
    second.refresh_from_db()
    assert second.state == "FAILED"
    pump()
    assert result(first) == {"Answer": None, "TimedOut": True}


def test_infrastructure_fault_charges_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(WAIT)
    with monkeypatch.context() as patched:
        patched.setattr(services, "advance_once", failing(OperationalError("gone")))
        tire(run, wakes.ATTEMPTS * 2)
    assert Ready.objects.get(run=run).attempts == 0
    clock.move(120)
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"


def test_killed_worker_costs_an_attempt_and_the_run_comes_back() -> None:
    """Claiming commits the attempt; a worker that dies after it leaves exactly this."""
    run = begin(WAIT)
    assert wakes.claim(run.pk) is not None
    assert wakes.claim(run.pk) is None
    clock.move(wakes.LEASE.total_seconds() + 1)
    assert Ready.objects.get(run=run).attempts == 1
    pump()
    run.refresh_from_db()
    assert run.state == "WAITING"


def test_run_ends_on_the_version_it_began_with(alice: Person) -> None:
    script = "💬 Ask:\n- TEXT Your name? >> $name\n- DONE: Old {$name}"
    save_talker(domain=DOMAIN, key="ask", title="Ask", source=script)
    chat = alice.open(f".HOST,{DOMAIN},ask")
    save_talker(domain=DOMAIN, key="ask", title="Ask", source=script.replace("Old", "New"))
    alice.answer_last(chat, Answer="Alice")
    assert alice.lines(chat)[-1] == "DONE Old Alice"
    assert alice.lines(alice.open(f".HOST,{DOMAIN},ask")) == ["TEXT Your name?"]


def test_log_is_kept_with_the_run_also_when_it_fails() -> None:
    run = begin("- LOG: at {$.Hosted.Domain}\n- LOG:\n    A: 1\n- ERROR stop")
    pump()
    event = RunEvent.objects.get(run=run)
    assert event.data["log"] == [f"at {DOMAIN}", '{"A":"1"}']
    assert "stop" in event.data["error"]


def test_finished_run_closes_its_hooks() -> None:
    run = begin("- WAIT door >> $a\n- RETURN: $a")
    pump()
    knock("x")
    pump()
    assert result(run) == "x"
    assert not Hook.objects.filter(run=run).exists()
