"""No door for operators without its rule: pages, verbs, addresses, commands say what they take."""

from __future__ import annotations

from django.contrib import admin

from operators import checks
from operators.commands import OperatorsCommand
from tests.operators.test_commands import NAMES, command, leaves


def test_every_page_says_whose_its_rows_are_and_what_its_verbs_take() -> None:
    assert checks.faults(admin.site) == []


def test_every_verb_of_a_command_says_what_it_takes() -> None:
    """The base is operators.commands.OperatorsCommand; `does` names a permission, or LOOKS."""
    for name in NAMES:
        found = command(name)
        assert isinstance(found, OperatorsCommand), name
        assert set(found.does) == set(leaves(found.create_parser("manage.py", name))), name
