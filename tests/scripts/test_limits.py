"""A script that loops, nests or hoards ends with a clear error, and harms nobody else."""

from __future__ import annotations

import time

import pytest

from scripts.language.compiler import compile_file
from scripts.language.errors import LoadErrors
from scripts.language.limits import Limits, lent
from scripts.library import vocabulary
from scripts.models import Hook
from scripts.states import HookState, RunState
from tests.pump import pump
from tests.scripts.engine import begin, result

pytestmark = pytest.mark.django_db

DOUBLE = "- FOR 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 >> $i:\n"
GREEDY: dict[str, tuple[str, dict[str, int], str]] = {
    "steps of a run": ("- REPEAT", {"run_steps": 200}, "test:1:3: more than 200 steps"),
    "passes of a REPEAT": ("- REPEAT", {"loop_passes": 30}, "more than 30 passes of a REPEAT"),
    "passes of a WHILE": (
        "- PUT 1 >> $x\n- WHILE $x:\n    - PUT 1 >> $x",
        {"loop_passes": 30},
        "test:2:3: more than 30 passes of a loop",
    ),
    "items of a FOR": (
        "- FOR 1, 2, 3 >> $x:\n    - LOG x",
        {"loop_passes": 2},
        "more than 2 passes",
    ),
    "scripts deep": ("A:\n- RUN A", {}, "A:2:3: more than 20 scripts deep"),
    "scripts deep, in branches": (
        "A:\n- PARALLEL:\n    - RUN A",
        {},
        "A:3:7: more than 20 scripts deep",
    ),
    "branches": ("- PARALLEL 1, 2, 3 >> $x:\n    - LOG x", {"branches": 2}, "more than 2 branches"),
    "open waits": (
        "- PARALLEL a, b, c >> $x:\n    - WAIT limit-{$x}",
        {"open_waits": 2},
        "more than 2 waits at once",
    ),
    "bytes of a holder": (
        "- PUT a-text-of-some-length >> $x\n" + DOUBLE + "    - PUT '{$x}{$x}' >> $x",
        {},
        "the text is too long",
    ),
    "bytes of lists of themselves": (
        f"- PUT a-text >> $x\n{DOUBLE}    - PUT >> $x:\n        A: $x\n        B: $x",
        {},
        "$x is larger than 1000000 bytes",
    ),
    "depth of a value": (
        "- PUT 0 >> $n\n- WHILE $n.IsBelow(200):\n    - SET $n.Add(1)\n"
        "    - PUT >> $x:\n        A: $x",
        {},
        "$x is nested deeper than 100",
    ),
    "bytes of all holders": (
        "".join(f"- PUT '{'x' * 90}' >> $x{n}\n" for n in range(20)) + "- WAIT limit-never",
        {"holder_bytes": 1500},
        "its holders come to more than 1500 bytes",
    ),
    "items of a list": (
        "- PUT 1, 2, 3 >> $x\n- PUT $x +> $y\n- PUT $x +> $y",
        {"list_items": 5},
        "the list is too long",
    ),
}


@pytest.mark.parametrize("name", GREEDY)
def test_greedy_script_fails_with_a_clear_error_and_others_go_on(name: str) -> None:
    source, changes, error = GREEDY[name]
    began = time.monotonic()
    with lent(**changes):
        waiting = begin("- WAIT limit-other >> $x\n- RETURN $x")
        run = begin(source)
        behind = begin("- RETURN fine")
        pump(limit=3000)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert error in run.error
    assert result(behind) == "fine"
    waiting.refresh_from_db()
    assert waiting.state == RunState.WAITING
    assert not Hook.objects.filter(run=run, state=HookState.OPEN).exists()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("name", [name for name, case in GREEDY.items() if case[0][:2] != "A:"])
def test_no_try_goes_on_after_a_limit(name: str) -> None:
    source, changes, _ = GREEDY[name]
    inside = "".join(f"    {line}\n" for line in source.splitlines())
    with lent(**changes):
        run = begin(f"- TRY:\n{inside}- RETURN on")
        pump(limit=3000)
    run.refresh_from_db()
    assert (run.state, run.result) == (RunState.FAILED, None)


def test_nesting_and_length_of_a_file_are_limited() -> None:
    deep = "- RETURN: " + "[" * 40 + "]" * 40
    for source, fault in (
        (deep, "nested too deep"),
        ("- RETURN: $x" + ".Add($x" * 40 + ")" * 40, "nested too deep"),
        ("- LOG " + "x" * 500_001, "longer than 500000 bytes"),
    ):
        with pytest.raises(LoadErrors, match=fault):
            compile_file(source, file="deep.yaml", vocabulary=vocabulary())


def test_defaults_of_the_settings_are_those_of_the_limits(settings: object) -> None:
    assert getattr(settings, "SCRIPT_LIMITS") == vars(Limits())  # noqa: B009


# -- work inside a function -----------------------------------------------------------------------

LIST = f"- PUT {', '.join(map(str, range(1000)))} >> $x\n"


def test_work_of_one_step_is_bounded_and_told_at_its_line() -> None:
    began = time.thread_time()
    run = begin(LIST + "- PUT $x.Each.IsIn($x) >> $y\n- RETURN: $y")
    pump()
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "test:2:" in run.error
    assert "more work than one step may do" in run.error
    assert time.thread_time() - began < 5


def test_busy_run_goes_on_in_many_segments_none_of_them_long() -> None:
    source = (
        "- PUT 0 >> $n\n"
        + LIST
        + "- WHILE $n.IsBelow(30):\n    - PUT $x.Sort >> $y\n    - PUT $n.Add(1) >> $n\n"
        + "- RETURN: $n"
    )
    with lent(step_work=100_000, segment_steps=1000):
        run = begin(source)
        pump()
    run.refresh_from_db()
    assert (run.state, result(run)) == (RunState.DONE, 30)
    assert run.rev > 2
