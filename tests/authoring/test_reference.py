"""docs/script-reference.md is what the tables say, and the tables say something of everything."""

from __future__ import annotations

from config.authoring.reference import FILE, HOLDERS, reference
from scripts import library
from scripts.functions import FUNCTIONS
from scripts.language.controls import CONTROL
from scripts.registry import registry


def test_reference_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run manage.py script reference"


def test_every_word_is_in_the_reference() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert [word for word in registry.commands if f"\n### {word}\n" not in text] == []
    assert [word for word, control in CONTROL.items() if f"| `{control.form}` |" not in text] == []
    told = [name for name, function in FUNCTIONS.items() if not function.unsupported]
    assert [name for name in told if f"\n| {name} " not in text] == []


def test_every_function_control_word_and_system_holder_says_what_it_does() -> None:
    assert [name for name, each in FUNCTIONS.items() if not (each.about and each.signature)] == []
    assert [word for word, control in CONTROL.items() if not (control.about and control.form)] == []
    assert set(library.SYSTEM_HOLDERS) == set(HOLDERS)
