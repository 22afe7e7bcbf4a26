"""The control words, each case in a small world and in the engine, straight and always parked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from messaging import clock
from scripts import hooks
from scripts.language.commandline import read_line
from scripts.language.controls import CONTROL
from scripts.language.errors import ScriptError
from scripts.language.limits import lent
from scripts.language.values import decode, to_text
from scripts.models import Run, RunEvent
from scripts.states import RunState
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin
from tests.scripts.language.world import play_signals

FILE = Path(__file__).parent / "control.yaml"
CASES: dict[str, dict[str, Any]] = {
    case["name"]: case for case in yaml.safe_load(FILE.read_text(encoding="utf-8"))
}
PARKED = pytest.mark.parametrize("parked", [False, True], ids=["straight", "parked"])


@PARKED
@pytest.mark.parametrize("name", CASES)
def test_case_in_a_small_world(name: str, parked: bool) -> None:
    case = CASES[name]

    def played() -> tuple[Any, list[Any]]:
        return play_signals(
            case["script"],
            inputs=case.get("inputs"),
            signals=case.get("signals"),
            timeouts=case.get("timeouts"),
            always_park=parked,
        )

    if "error" in case:
        with pytest.raises(ScriptError) as raised:
            played()
        assert str(raised.value) == case["error"]
        return
    value, logs = played()
    assert (value, [to_text(line) for line in logs]) == (case.get("value"), case.get("logs", []))


@PARKED
@pytest.mark.django_db
@pytest.mark.parametrize("name", CASES)
def test_case_in_the_engine(name: str, parked: bool) -> None:
    case = CASES[name]
    with lent(segment_steps=1 if parked else 50):
        run = begin(case["script"], inputs=case.get("inputs"))
        pump()
        for signal in case.get("signals", []):
            [(hook, value)] = signal.items()
            _knock(run, hook, value, timeout=hook in case.get("timeouts", []))
    run.refresh_from_db()
    if "error" in case:
        assert (run.state, run.error) == (RunState.FAILED, case["error"])
        return
    assert (run.state, run.error) == (RunState.DONE, "")
    assert (decode(run.result), _logged(run)) == (case.get("value"), case.get("logs", []))


def _knock(run: Run, hook: str, value: Any, *, timeout: bool) -> None:
    if timeout:
        clock.move(61)
    else:
        origin = f"domain:{DOMAIN}"
        source = f"{hook} {clock.now()}"
        hooks.send_signal(domain=DOMAIN, name=hook, source=source, origin=origin, value=value)
    pump()


def _logged(run: Run) -> list[str]:
    events = RunEvent.objects.filter(run=run).order_by("rev")
    return [line for event in events for line in event.data.get("log", [])]


def words() -> set[str]:
    """Return the command words that the cases use."""
    lines = [
        line.strip().lstrip("- ") for case in CASES.values() for line in case["script"].split("\n")
    ]
    pieces = [piece.strip() for line in lines for piece in [line, *line.split(": ")]]
    return {found.word for piece in pieces if (found := read_line(piece.rstrip(":")))}


def test_every_control_word_has_a_case() -> None:
    assert set(CONTROL) - words() == set()
