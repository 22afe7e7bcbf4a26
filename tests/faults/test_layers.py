"""A little of each layer, as its own command plays it; the whole is `make faults`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.faults.report import BASE_DIR

pytestmark = pytest.mark.processes


def launch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "config.faults.launch", *arguments]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)


def test_crash_sweep_kills_twice_where_a_schedule_says(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    schedule = "accept/adv_before_commit#9+adv_locked#1"
    done = launch("crashes", "--only", schedule, "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (found["flows"], found["kills"], found["violations"]) == (2, 2, [])
    assert found["hits"] == {"adv_before_commit": 1, "adv_locked": 1}


def test_crash_sweep_sets_aside_a_script_that_kills_its_workers(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = launch("crashes", "--only", "killer/", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["kills"] == 8


@pytest.mark.parametrize("situation", ["fresh", "due"])
def test_interleavings_hold_as_far_as_sqlite_lets_operations_meet(
    situation: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    done = launch("interleavings", "--most", "1", "--only", f"{situation}/", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["schedules"] > 20
    assert found["met_a_lock"] > 5
    assert found["violations"] == []


def test_schedule_of_an_unknown_situation_is_told() -> None:
    done = launch("crashes", "--only", "nowhere/adv_locked#1")
    assert done.returncode != 0
    assert "no situation 'nowhere'" in done.stderr
