"""What must hold of the whole vocabulary: every word is played somewhere, and explains itself."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from scripts.commands import COMMANDS
from scripts.language.controls import CONTROL
from scripts.registry import registry

TESTS = Path(__file__).parents[2]


@cache
def played() -> set[str]:
    """Return the words that begin a list item, or an action, in a script of any test."""
    words: set[str] = set()
    for path in TESTS.rglob("*"):
        if path.suffix in (".py", ".yaml") and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            words.update(re.findall(r"(?:- |: |\")([A-Z]{2,})>?(?=[ :\\\n|])", text))
    return words


@pytest.mark.parametrize("word", sorted({*registry.commands, *CONTROL}))
def test_every_command_is_played_by_a_test(word: str) -> None:
    assert word in played()


@pytest.mark.parametrize("word", sorted(COMMANDS))
def test_command_of_rows_and_holders_explains_itself(word: str) -> None:
    spec = COMMANDS[word].spec
    if word in ("SEND", "VERIFY", "WAIT", "RACE", "REEL") and not spec.about:
        pytest.skip("another table's")
    assert spec.about.endswith(".")
    assert all(parameter.about for parameter in spec.parameters)
