"""HOOK and REEL: a script that goes on from the same place, again and again."""

from __future__ import annotations

import pytest

from messaging import clock
from scripts import lifecycle, services
from scripts.language.limits import limits
from scripts.models import Checkpoint, Hook, Run, Signal
from tests.pump import pump
from tests.scripts.engine import begin, result

SERVE = (
    "- HOOK bell >> $ring\n"
    "- IF $ring:\n    - RACE heard: $ring\n"
    "- IF $ring.Is(stop):\n    RETURN: stopped\n"
    "- WAIT never"
)


def state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def reel(value: str, hook: str = "bell", **options: str) -> Run:
    run = begin(f"- REEL {hook}: {value}\n- RACE after: the REEL", **options)
    pump()
    return run


def heard() -> list[str]:
    found = Signal.objects.filter(hook__name="heard").order_by("created_at")
    return [str(signal.value) for signal in found]


def test_script_goes_on_from_its_hook_each_time_it_is_reeled(places: list[str]) -> None:
    run = begin(SERVE)
    pump()
    assert state(run) == "WAITING" and heard() == []
    for value in ("one", "two", "two"):
        reel(value)
    assert heard() == ["one", "two", "two"]
    assert state(run) == "WAITING"
    reel("stop")
    assert (state(run), result(run)) == ("DONE", "stopped")


def test_who_reels_ends_there(places: list[str]) -> None:
    begin(SERVE)
    pump()
    run = reel("one")
    assert state(run) == "DONE"
    assert not Hook.objects.filter(name="after").exists()


def test_holders_are_those_of_the_hook_and_effects_stay(places: list[str]) -> None:
    run = begin(
        "- PUT 1 >> $n\n- HOOK bell >> $r\n- SET $n.Add(1)\n- RACE counted: $n\n"
        "- IF $r:\n    RETURN: $n\n- WAIT never"
    )
    pump()
    reel("go")
    assert int(result(run)) == 2
    counted = Signal.objects.filter(hook__name="counted")
    assert counted.count() == 2  # what was sent before it went back is not taken back


def test_reel_before_the_hook_is_kept(places: list[str]) -> None:
    reel("early")
    run = begin("- HOOK bell >> $r\n- IF $r:\n    RETURN: $r\n- WAIT never")
    pump()
    assert (state(run), result(run)) == ("DONE", "early")


def test_reel_of_a_hook_where_somebody_waits_races_it(places: list[str]) -> None:
    run = begin("- WAIT door >> $x\n- RETURN: $x")
    pump()
    caller = reel("come in", hook="door")
    assert (state(run), result(run)) == ("DONE", "come in")
    assert state(caller) == "DONE"


def test_open_waits_are_given_up_when_a_run_goes_back(places: list[str]) -> None:
    run = begin(
        "- HOOK bell >> $r\n- IF $r:\n    - WAIT second >> $x\n    - RETURN: $x\n"
        "- WAIT first >> $x\n- RETURN: $x"
    )
    pump()
    reel("go")
    begin("- RACE first: too late")
    pump()
    assert state(run) == "WAITING"
    assert Signal.objects.get(hook__name="first").state == "LATE"
    begin("- RACE second: in time")
    pump()
    assert result(run) == "in time"


def test_later_returns_end_when_a_run_goes_back_before_them(places: list[str]) -> None:
    run = begin(
        "- HOOK one >> $a\n- IF $a:\n    - WAIT never\n- HOOK two >> $b\n"
        "- IF $b:\n    RETURN: second\n- WAIT never"
    )
    pump()
    reel("back", hook="one")
    reel("forward", hook="two")
    assert state(run) == "WAITING"
    assert Hook.objects.get(name="two").state == "CLOSED"
    assert [each.hook.name for each in Checkpoint.objects.filter(run=run)] == ["one"]


def test_run_reels_itself(places: list[str]) -> None:
    run = begin("- HOOK again >> $n\n- IF $n:\n    RETURN: $n\n- REEL again: round")
    pump()
    assert (state(run), result(run)) == ("DONE", "round")


def test_run_that_reels_itself_for_ever_ends_at_its_limit(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "run_steps", 60)
    run = begin("- HOOK again >> $n\n- REEL again: round")
    pump()
    assert state(run) == "FAILED" and "60 steps" in run.error


def test_returns_end_with_a_run_that_has_no_chat(places: list[str]) -> None:
    run = begin("- HOOK bell >> $r\n- RETURN: $r")
    pump()
    reel("late")
    assert (state(run), result(run)) == ("DONE", None)
    assert not Checkpoint.objects.exists()


def test_stranger_cannot_reel(places: list[str]) -> None:
    run = begin(SERVE)
    pump()
    # A run of another domain has mailboxes of its own.
    reel("one", domain="gym.test")
    assert heard() == [] and state(run) == "WAITING"


def test_two_signals_before_it_wakes_count_in_order(places: list[str]) -> None:
    run = begin(SERVE)
    pump()
    callers = [begin(f"- REEL bell: {value}") for value in ("one", "two")]
    for caller in callers:
        services.advance(caller.pk)
    pump()
    assert heard() == ["one", "two"]
    assert state(run) == "WAITING"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("- HOOK bell\n- WAIT bell", "is a return"),
        ("- HOOK", "needs a Hook"),
        ("- HOOK {$none}", "needs a Hook"),
        ("- PARALLEL:\n    - HOOK bell\n    - WAIT never", "inside PARALLEL"),
    ],
)
def test_what_is_refused(places: list[str], script: str, error: str) -> None:
    if script == "- HOOK":
        with pytest.raises(Exception, match="HOOK needs Hook"):
            begin(script)
        return
    run = begin(script)
    pump()
    assert state(run) == "FAILED" and error in run.error


def test_cancelled_run_comes_back_no_more(places: list[str]) -> None:
    run = begin(SERVE)
    pump()
    lifecycle.cancel(run.pk, by="alice")
    reel("one")
    assert heard() == [] and state(run) == "CANCELLED"


# -- IMPRINT and RECALL ---------------------------------------------------------------------------


def test_recall_fills_only_what_is_empty_now(places: list[str]) -> None:
    run = begin(
        "- PUT 1 >> $a\n- PUT 2 >> $b\n- IMPRINT page\n- PUT >> $a\n- PUT 3 >> $b\n"
        "- WAIT 1 second\n- RECALL page\n- RETURN: $a, $b"
    )
    pump()
    clock.move(2)
    pump()
    assert result(run) == {"a": "1", "b": "3"}


def test_imprint_belongs_to_its_run(places: list[str]) -> None:
    begin("- PUT 1 >> $a\n- IMPRINT page")
    pump()
    run = begin("- RECALL page\n- RETURN: $a")
    pump()
    assert result(run) is None
