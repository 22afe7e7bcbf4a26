"""`manage.py script` as it is typed: processes, exit codes, and stores that are thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.authoring.cases import read_cases
from config.authoring.person import reply
from scripts.language.errors import LoadErrors

HOME = Path(settings.BASE_DIR)


def script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "CELERY_BROKER_URL")
    }
    return subprocess.run(
        [sys.executable, str(HOME / "manage.py"), "script", *words],
        cwd=folder,
        env={**environment, "COUNTERSIGN_DATA": str(folder / "data")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.processes
def test_run_and_test_use_stores_of_their_own(tmp_path: Path) -> None:
    done = script(tmp_path, "run", str(HOME / "talkers/theatre.test/ticket.yaml"), "--answer", "Al")
    assert done.returncode == 0, done.stderr
    assert "DONE     Your ticket is in your wallet. See you tonight, Al." in done.stdout
    tested = script(tmp_path, "test", str(HOME / "talkers/theatre.test"), "--only", "kept")
    assert tested.stdout.splitlines()[-1] == "1 cases in 1 file: all as expected"
    assert tested.returncode == 0
    # The deployment's own database was not even made.
    assert not (tmp_path / "data" / "db.sqlite3").exists()


@pytest.mark.processes
def test_exit_codes_say_what_went_wrong(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("💬 X:\n- INFOO: Hi\n", encoding="utf-8")
    (tmp_path / "y.yaml").write_text("💬 X:\n- TEXT Name? >> $n\n", encoding="utf-8")
    faulty = script(tmp_path, "run", "x.yaml")
    assert (faulty.returncode, faulty.stdout) == (1, "")
    assert "x.yaml:2:3: unknown command INFOO (did you mean INFO?)" in faulty.stderr
    silent = script(tmp_path, "run", "y.yaml")
    assert silent.returncode == 1
    assert "Stopped: no answer is left for: TEXT Name?" in silent.stdout
    missing = script(tmp_path, "check", "z.yaml")
    assert missing.returncode == 2
    assert "z.yaml: no such file or folder" in missing.stderr
    early = script(tmp_path, "trace")
    assert early.returncode == 1
    assert early.stderr.startswith("CommandError: the runs cannot be read: no such table")
    assert early.stderr.endswith("(manage.py migrate makes its tables)\n")


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("A:\n    Answer: [x]\n", "x:2:5: a case has no Answer (did you mean Answers?)"),
        ("A:\n    Offers: maybe\n", "x:2:13: 'maybe' is nothing to do with an offer"),
        ("A:\n    Answers: [{After: soon, Answer: x}]\n", "x:2:15: After is a period"),
        ("A:\n    Now: today\n", "x:2:10: 'today' is not a time"),
        ("A:\n    Ends: WELL\n", "x:2:11: Ends is one of DONE, FAILED, DECLINED"),
        ("A:\n    Inputs: x\n", "x:2:13: Inputs are a map"),
        ("A: x\n", "x:1:4: a case is a map"),
        ("- A\n", "x:1:1: a test file is a map"),
    ],
)
def test_fault_of_a_test_file_is_told_at_its_line(source: str, fault: str) -> None:
    with pytest.raises(LoadErrors) as faults:
        read_cases(source, "x")
    assert str(faults.value).startswith(fault)


OPTIONS = [{"ID": "Card", "Title": "Pay by Card"}, {"ID": "Cash", "Title": "Cash"}]


@pytest.mark.parametrize(
    ("format", "text", "sent"),
    [
        ("TEXT", " Alice ", {"Result": "OK", "Answer": "Alice"}),
        ("CONFIRM", "yes", {"Result": "YES"}),
        ("CONFIRM", "no", {"Result": "NO"}),
        ("ONE", "pay by card", {"Result": "OK", "Answer": "Card"}),
        ("ONE", "2", {"Result": "OK", "Answer": "Cash"}),
        ("ONE", "3", {"Result": "OK", "Answer": "3"}),
        ("MANY", "1, Cash", {"Result": "OK", "Answer": ["Card", "Cash"]}),
        ("MANY", "", {"Result": "OK", "Answer": []}),
        ("TEXT", "(cancel)", {"Result": "CANCEL"}),
        ("TEXT", "(no answer)", None),
    ],
)
def test_typed_answer_becomes_what_a_wallet_sends(
    format: str, text: str, sent: dict[str, object] | None
) -> None:
    options = OPTIONS if format in ("ONE", "MANY") else []
    assert reply({"Format": format, "Options": options}, text) == sent
