"""READ and SAVE: the rows a script may reach, through services that guard them."""

from __future__ import annotations

from typing import Any

from scripts.errors import missing
from scripts.language.continuation import Call
from scripts.language.errors import ScriptError
from scripts.language.values import Item
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command
from scripts.step import Step


def read(step: Step, call: Call) -> Any:
    """READ >> $x: a row by its key. Missing and not allowed are the same error (8.2)."""
    name = call.arguments["Set"]
    item = step.read(str(name), call.arguments.get("Key"))
    assertion = call.arguments.get("Assert")
    if item is None or (assertion is not None and not assertion.holds(item)):
        if "Default" in call.arguments:
            return call.arguments["Default"]
        raise missing(str(name))
    return item


def save(step: Step, call: Call) -> Any:
    """SAVE Set: insert a row; SAVE $item: change the row it was read from (8.3)."""
    target = call.arguments["Item"]
    fields = call.arguments.get("Fields") or {}
    if isinstance(target, Item):
        return step.update(target, fields)
    if isinstance(target, str) and target:
        return step.insert(target, fields)
    raise ScriptError("SAVE needs the name of a dataset, or an item that was read", kind="type")


READ = Command(
    CommandSpec(
        word="READ",
        main="Set",
        parameters=(
            Parameter("Set", Kind.NAME, required=True),
            Parameter("Key", Kind.VALUE, required=True),
            Parameter("Assert", Kind.ASSERTION),
            Parameter("Default", Kind.VALUE),
        ),
    ),
    read,
)
SAVE = Command(
    CommandSpec(
        word="SAVE",
        main="Item",
        body="Fields",
        parameters=(
            Parameter("Item", Kind.NAME, required=True),
            Parameter("Fields", Kind.FIELDS),
        ),
    ),
    save,
)
