"""The layout: stable, of the same meaning, with every comment, and that of the shipped scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.authoring.layout import LayoutRefused, laid_out, lay_out
from config.authoring.places import script_files
from scripts.language.errors import LoadErrors

HOME = Path(settings.BASE_DIR)
UNTIDY = """
# About the file
💬 Seat ticket:

  # said first
  -   INFO:   Good evening No 007


  -   ISSUE .HOST/BOOKING/SELF >> $ticket:
            # for whom
            Context:
              For: "{$name}, one seat"   # quoted
              Plain: {$name}
              Sum: {A: 1,
                B: 2}
            Expires: 30 days
  - IF $ticket:
      - INFO: |
            two lines
              # not a comment

            more

      -   RETURN: [1, 2]
  - ELSE: FAIL No
📃 Other:
- RETURN
"""
TIDY = """\
# About the file
💬 Seat ticket:
# said first
- INFO: Good evening No 007

- ISSUE .HOST/BOOKING/SELF >> $ticket:
    # for whom
    Context:
        For: "{$name}, one seat"  # quoted
        Plain: {$name}
        Sum: {A: 1,
            B: 2}
    Expires: 30 days
- IF $ticket:
    - INFO: |
        two lines
          # not a comment

        more

    - RETURN: [1, 2]
- ELSE: FAIL No

📃 Other:
- RETURN
"""


def test_untidy_script_is_laid_out() -> None:
    assert laid_out(UNTIDY, file="x.yaml") == TIDY


def test_layout_of_a_layout_is_the_same() -> None:
    assert laid_out(TIDY, file="x.yaml") == TIDY


@pytest.mark.parametrize("path", script_files([HOME / "talkers"]), ids=lambda path: path.stem)
def test_examples_are_laid_out(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert laid_out(source, file=path.name, name=path.stem) == source


def test_shipped_scripts_are_laid_out() -> None:
    roles = ("host", "issuer", "broker", "wallets")
    shipped = script_files([HOME / role / "scripts" for role in roles])
    assert len(shipped) > 30
    odd = [path.name for path in shipped if lay_out(path.read_text()) != path.read_text()]
    assert odd == []


@pytest.mark.parametrize("step", [2, 3, 5, 8])
def test_any_indentation_ends_in_the_same_layout(step: int) -> None:
    """Every level of the tidy script is moved; what comes back is the tidy script."""
    moved = "\n".join(_moved(line, step) for line in TIDY.splitlines())
    assert moved != TIDY
    assert laid_out(moved, file="x.yaml") == TIDY


def _moved(line: str, step: int) -> str:
    if re.match(r"\s{6}", line):
        return " " * step * 3 + line
    return " " * step + line if line[:1] in (" ", "-") else line


def test_faulty_script_is_not_laid_out() -> None:
    with pytest.raises(LoadErrors):
        laid_out("💬 X:\n- INFOO: Hi\n", file="x.yaml")


def test_layout_that_changes_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.authoring.layout.lay_out", lambda source: "💬 X:\n- INFO: Bye\n")
    with pytest.raises(LayoutRefused):
        laid_out("💬 X:\n- INFO: Hi\n", file="x.yaml")
