"""Authors' mistakes: what `script check` says of each, at which line, word for word.

`broken/expected.txt` is what the command prints. A better message changes it: look at the
difference, and write it anew with `python -m tests.authoring.test_broken`.
"""

from __future__ import annotations

import os
import re
from io import StringIO
from pathlib import Path

import django
import pytest
from django.core.management import call_command

FOLDER = Path(__file__).parent / "broken"
EXPECTED = FOLDER / "expected.txt"
# What a parameter list holds grows with the language, and is not what is tested here.
LISTED = re.compile(r"\(it has [^)]*\)")


def said() -> tuple[list[str], int]:
    """Return what the command says of the whole folder, file by file, and its exit code."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("script", "check", str(FOLDER), stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        code = int(str(ended.code))
    lines = [*err.getvalue().splitlines(), *out.getvalue().splitlines()[:-1]]
    told = [LISTED.sub("(it has ...)", line.replace(f"{FOLDER}/", "")) for line in lines]
    return sorted(told, key=lambda line: (line.split(":")[0], _line(line))), code


def _line(text: str) -> int:
    return int(text.split(":")[1])


def test_every_mistake_is_told_at_its_line_in_an_authors_words() -> None:
    told, code = said()
    assert told == EXPECTED.read_text(encoding="utf-8").splitlines()
    assert code == 1


def test_at_least_sixty_mistakes_and_none_goes_unnoticed() -> None:
    files = sorted(path.name for path in FOLDER.glob("*.yaml"))
    told = {line.split(":")[0] for line in EXPECTED.read_text(encoding="utf-8").splitlines()}
    assert len(files) >= 60
    assert sorted(told) == files


@pytest.mark.parametrize("word", ["NoneType", "Traceback", "Node", "parser", "token", "mapping"])
def test_no_message_speaks_of_our_machinery(word: str) -> None:
    assert word not in EXPECTED.read_text(encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    EXPECTED.write_text("\n".join(said()[0]) + "\n", encoding="utf-8")
