"""docs/scripts.md: every script in it is checked, and every command in it is run as it stands.

A script's block begins with a comment that names its file. The lines below a command are what it
prints; `...` stands for what differs each time. After a change, read what
`python -m pytest tests/authoring/test_guide.py` shows, and write it with WRITE_GUIDE=1.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from config.authoring import play, stage, testing
from config.authoring.places import script_files

GUIDE = Path(settings.BASE_DIR) / "docs" / "scripts.md"
FILE = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n\$ manage\.py script (.*?)\n(.*?)```", re.DOTALL)
DIFFERS = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "..."),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}"), "..."),
]

Run = Callable[[str], str]


@pytest.fixture
def run(
    tmp_path: Path,
    transactional_db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run a command line of the guide where its files are; return what it prints."""
    for name, source in FILE.findall(GUIDE.read_text(encoding="utf-8")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "launch", lambda words: _played(tmp_path, words))
    # The stage's stores are a file of its own; here it is the test's database, for all cases.
    monkeypatch.setattr(testing.Stores, "__init__", lambda self, folder: None)
    monkeypatch.setattr(testing.Stores, "reset", lambda self: None)

    def run(line: str) -> str:
        out, err = StringIO(), StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(err):
                call_command("script", *shlex.split(line), no_color=True)
        except SystemExit as ended:
            assert ended.code == 1
        text = err.getvalue() + out.getvalue()
        for pattern, instead in DIFFERS:
            text = pattern.sub(instead, text)
        return text.rstrip() + "\n"

    return run


def _played(folder: Path, words: list[str]) -> int:
    command: Callable[[Path, dict[str, Any]], int] = {"run": play.run, "test": testing.run}[
        words[0]
    ]
    return command(folder, json.loads(words[1]))


COMMANDS = CONSOLE.findall(GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("line", "printed"), COMMANDS, ids=[line for line, _ in COMMANDS])
def test_command_of_the_guide_prints_what_the_guide_says(run: Run, line: str, printed: str) -> None:
    seen = run(line)
    if os.environ.get("WRITE_GUIDE"):
        text = GUIDE.read_text(encoding="utf-8")
        block = f"$ manage.py script {line}\n"
        GUIDE.write_text(text.replace(block + printed + "```", block + seen + "```"))
        return
    assert seen == printed


def test_scripts_of_the_guide_are_sound_but_for_the_one_with_mistakes(run: Run) -> None:
    files = script_files([Path()])
    assert len(files) >= 8
    sound = [str(path) for path in files if path.stem != "mistakes"]
    assert run(f"check {' '.join(sound)}") == f"{len(sound)} files checked: 0 faults, 0 warnings\n"
    played = {word for line, _ in COMMANDS for word in line.split() if word.endswith(".yaml")}
    assert set(sound) <= played


def test_no_script_of_the_guide_is_without_a_file() -> None:
    blocks = re.findall(r"```yaml\n(.*?)\n", GUIDE.read_text(encoding="utf-8"))
    assert [first for first in blocks if not first.startswith("# ")] == []
