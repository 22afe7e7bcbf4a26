"""What must hold of the whole vocabulary: every word is played somewhere, and explains itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from scripts.commands import COMMANDS
from scripts.language.controls import CONTROL
from scripts.registry import registry
from tests.words import TESTS, scripts_in, used

BROKEN = TESTS / "authoring" / "broken"


@cache
def played() -> set[str]:
    """Return the commands of all sound scripts in tests: what the compiler takes for commands."""
    files = [path for path in TESTS.rglob("*") if path.suffix in (".py", ".yaml")]
    sources = {
        source
        for path in files
        if path != Path(__file__) and BROKEN not in path.parents
        for source in scripts_in(path)
    }
    return {word for source in sources for word in used(source)[0]}


@pytest.mark.parametrize("word", sorted({*registry.commands, *CONTROL}))
def test_every_command_is_played_by_a_test(word: str) -> None:
    assert word in played()


@pytest.mark.parametrize(
    "source",
    [
        "- INFO: DONE is a word",
        "- INFO DONE",
        "- LOG: 'FAIL'  # DONE",
        "# - DONE: x\n- LOG x",
        "- DONE: x\n- NOSUCH: y",
        "- PUT DONE >> $x",
    ],
)
def test_mention_of_a_command_is_no_use_of_it(source: str) -> None:
    assert "DONE" not in used(source)[0]
    assert "DONE" in used("- IF $.Inputs.A: DONE x")[0]


@pytest.mark.parametrize("word", sorted(COMMANDS))
def test_command_of_rows_and_holders_explains_itself(word: str) -> None:
    spec = COMMANDS[word].spec
    if word in ("SEND", "VERIFY", "WAIT", "RACE", "REEL") and not spec.about:
        pytest.skip("another table's")
    assert spec.about.endswith(".")
    assert all(parameter.about for parameter in spec.parameters)
