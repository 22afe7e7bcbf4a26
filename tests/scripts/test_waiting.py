"""WAIT in its forms, mailboxes with many messages, ALARM."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from messaging import clock
from scripts import library
from scripts.language.errors import LoadErrors
from scripts.models import Run, Signal
from tests.pump import pump
from tests.scripts.engine import begin, result


def ended(run: Run) -> tuple[str, Any]:
    value = result(run)
    return run.state, value


def after(run: Run, seconds: float) -> tuple[str, Any]:
    clock.move(seconds)
    pump()
    value = result(run)
    return run.state, value


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("WAIT 1 hour", 3600),
        ("WAIT 0:30", 30),
        ("WAIT 90", 90),
        ("WAIT:\n    Timeout: 2 minutes", 120),
        ("WAIT $at", 5 * 3600),
    ],
)
def test_wait_for_a_time(places: list[str], command: str, seconds: int) -> None:
    at = clock.now() + timedelta(hours=5)
    run = begin(
        f"- PUT $.Inputs.At >> $at\n- {command}\n- RETURN: $.Script.TimedOut", inputs={"At": at}
    )
    pump()
    assert after(run, seconds - 5) == ("WAITING", None)
    assert after(run, 6) == ("DONE", True)


def test_wait_takes_the_key_of_an_item_and_a_uuid(places: list[str]) -> None:
    hook = str(uuid4())
    run = begin(f"- WAIT {hook} >> $x\n- RETURN: $x")
    pump()
    begin(f"- RACE {hook}: here")
    pump()
    assert ended(run) == ("DONE", "here")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("- WAIT {$none}", "needs a Hook"),
        ("- WAIT:\n    Hook: 1 hour\n    Timeout: 2 hours", "is a hook"),
        (
            "- PUT soon >> $t\n- WAIT:\n    Hook: door\n    Timeout: $t",
            "neither a time nor a period",
        ),
        ("- RACE >> $x:\n    Hook:\n        A: 1", "short text"),
    ],
)
def test_waits_that_make_no_sense(places: list[str], script: str, error: str) -> None:
    run = begin(script)
    pump()
    run.refresh_from_db()
    assert run.state == "FAILED" and error in run.error


def test_mailbox_keeps_many_messages_in_order(places: list[str]) -> None:
    begin("- RACE box: one\n- RACE box: two\n- RACE box: two")
    pump()
    assert Signal.objects.filter(hook__name="box").count() == 3
    run = begin(
        "- WAIT box >> $a\n- WAIT box >> $b\n- WAIT box >> $c\n"
        "- WAIT >> $d:\n    Hook: box\n    Timeout: 1 minute\n"
        "- RETURN:\n    A: $a\n    B: $b\n    C: $c\n    Late: $.Script.TimedOut"
    )
    pump()
    assert after(run, 61) == ("DONE", {"A": "one", "B": "two", "C": "two", "Late": True})


def test_progress_of_a_task_is_waited_for_in_a_loop(places: list[str]) -> None:
    run = begin(
        "- PUT go >> $step\n- WHILE $step.IsNot(end):\n"
        "    - WAIT task >> $step\n    - PUT $step +> $seen\n- RETURN: $seen"
    )
    pump()
    for value in ("10", "50", "end"):
        begin(f"- RACE task: {value}")
        pump()
    assert ended(run) == ("DONE", ["10", "50", "end"])


# -- alarms ---------------------------------------------------------------------------------------

ALARM = (
    "Now:\n- ALARM 2 hours >> $id:\n    Script: Later\n    Seat: B10\n- RETURN: $id\n"
    "Later:\n- RACE rang: $Seat"
)


def rang() -> list[Any]:
    return [signal.value for signal in Signal.objects.filter(hook__name="rang")]


def test_alarm_runs_its_script_once_at_its_time(places: list[str]) -> None:
    run = begin(ALARM)
    pump()
    assert run.state == "READY" and result(run)
    clock.move(7199)
    pump()
    assert rang() == []
    for _ in range(2):
        clock.move(7202)
        pump()
    assert rang() == ["B10"]
    assert Run.objects.get(trigger=f"alarm:{result(run)}").script == "Later"


def test_alarm_is_cancelled_by_its_id_and_only_by_its_domain(places: list[str]) -> None:
    run = begin(ALARM)
    pump()
    alarm = result(run)
    stranger = begin(f"- ALARM >> $x:\n    Cancel: {alarm}\n- RETURN: $x", domain="gym.test")
    own = begin(f"- ALARM >> $x:\n    Cancel: {alarm}\n- RETURN: $x")
    again = begin(f"- ALARM >> $x:\n    Cancel: {alarm}\n- RETURN: $x")
    pump()
    assert [result(each) for each in (stranger, own, again)] == [False, True, False]
    clock.move(8000)
    pump()
    assert rang() == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("ALARM:\n    Script: Later", "needs a time"),
        ("ALARM soon:\n    Script: Later", "neither a time nor a period"),
        ("ALARM 2 years:\n    Script: Later", "a year ahead"),
        ("ALARM 1 hour", "needs a time or a period, and a Script"),
        ("ALARM 1 hour:\n    Script: $name", "no script named"),
    ],
)
def test_alarms_that_make_no_sense(places: list[str], command: str, error: str) -> None:
    run = begin(f"Now:\n- PUT Nowhere >> $name\n- {command}\nLater:\n- LOG rings")
    pump()
    run.refresh_from_db()
    assert run.state == "FAILED" and error in run.error


def test_alarm_of_a_script_that_is_not_there_is_a_load_error() -> None:
    with pytest.raises(LoadErrors, match=r"no script named Latr.*did you mean Later"):
        library.compile_source(
            "Now:\n- ALARM 1 hour:\n    Script: Latr\nLater:\n- LOG rings", file="test.yaml"
        )
