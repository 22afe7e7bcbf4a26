"""READ, SAVE, DELETE and EXISTS: the rows a script may reach, through services that guard them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from messaging import clock
from scripts.errors import missing
from scripts.language.continuation import Act, Call
from scripts.language.errors import ScriptError
from scripts.language.evaluation import prop
from scripts.language.values import Item, as_time, is_empty
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.reading import Reading
from scripts.registry import Command
from scripts.step import Step


def read(step: Reading, call: Call) -> Any:
    """READ >> $x: a row by its key. Missing and not allowed are the same error (8.2)."""
    arguments = call.arguments
    name, item = _found(step, call)
    if item is None:
        if "OnMissing" in arguments:
            return Act("OnMissing")
        if "Default" in arguments:
            return _default(step, name, arguments)
        raise missing(name)
    if not is_empty(arguments.get("Expand")):
        item = _expanded(step, item, arguments["Expand"])
    if is_empty(arguments.get("Get")):
        return item
    return {str(wanted): prop(item, str(wanted)) for wanted in arguments["Get"]}


def _found(step: Reading, call: Call) -> tuple[str, Item | None]:
    """Return the name of the dataset and its row, if there is one and the Assert holds."""
    name, assertion = str(call.arguments["Set"]), call.arguments.get("Assert")
    key = call.arguments.get("Key")
    if is_empty(key):
        return name, None
    item = step.read(name, key.key if isinstance(key, Item) else key)
    if item is not None and assertion is not None and not assertion.holds(item):
        return name, None
    return name, item


def _default(step: Reading, name: str, arguments: dict[str, Any]) -> Any:
    """Return the default of a missing row; a map gets the properties of the key (8.2)."""
    value, key = arguments["Default"], arguments.get("Key")
    if not isinstance(value, dict):
        return value
    if isinstance(key, dict):
        return {**key, **value}
    parts = key if isinstance(key, list) else [key]
    return {**dict(zip(step.dataset(name).keys, parts, strict=False)), **value}


def _expanded(step: Reading, item: Item, names: Any) -> Item:
    """Return the row with its parents in the place of their keys."""
    parents = step.dataset(item.set).parents
    wanted = {name.lower(): (name, parent) for name, parent in parents.items()}
    fields = dict(item)
    for each in names if isinstance(names, list) else [names]:
        if str(each).lower() not in wanted:
            raise ScriptError(f"{item.set} has no parent {each} to expand", kind="type")
        name, parent = wanted[str(each).lower()]
        key = prop(item, name)
        fields[name] = None if is_empty(key) else step.read(parent, key)
    return item.but(fields)


def save(step: Step, call: Call) -> Any:
    """SAVE Set: insert a row; SAVE $item: change the row it was read from (8.3)."""
    target = call.arguments["Item"]
    fields = call.arguments.get("Fields") or {}
    if isinstance(target, Item):
        if "Fields" not in call.arguments and step.dataset(target.set).whole:
            fields = {name: value for name, value in target.items() if name != "ID"}
        return step.update(target, fields)
    if isinstance(target, str) and target:
        return step.insert(target, fields)
    raise ScriptError("SAVE needs the name of a dataset, or an item that was read", kind="type")


def delete(step: Step, call: Call) -> Any:
    """DELETE $item, or Set and Key: a row that is missing is no error (8.2)."""
    item = call.arguments.get("Item")
    if "Set" in call.arguments:
        if item is not None:
            raise ScriptError("DELETE takes an item, or Set and Key", kind="type")
        item = _found(step, call)[1]
        if item is None:
            step.require_verified()
            return None
    if not isinstance(item, Item):
        raise ScriptError("DELETE needs an item that was read, or Set and Key", kind="type")
    return step.delete(item, _undo_until(call.arguments.get("Undo")))


def _undo_until(undo: Any) -> datetime | None:
    return None if is_empty(undo) else as_time(undo, clock.now())


def exists(step: Reading, call: Call) -> bool:
    """EXISTS >> $b: whether a row has this key, and the Assert holds of it."""
    return _found(step, call)[1] is not None


_SET = Parameter("Set", Kind.NAME, required=True, about="The dataset.")
_KEY = Parameter(
    "Key",
    Kind.VALUE,
    required=True,
    about="The key, or ID; a list or a map where several properties make the key.",
)
_ASSERT = Parameter(
    "Assert", Kind.ASSERTION, about="What must hold of the row, or it is as if it were missing."
)
READ = Command(
    CommandSpec(
        word="READ",
        main="Set",
        parameters=(
            _SET,
            _KEY,
            _ASSERT,
            Parameter("Get", Kind.LIST, about="Only these properties, as a map."),
            Parameter("Expand", Kind.LIST, about="Parents to read in the place of their keys."),
            Parameter("Default", Kind.VALUE, about="What a missing row is taken for."),
            Parameter("OnMissing", Kind.ACTION, about="What to do when there is no such row."),
        ),
        signature="READ >> $x:\n    Set: Library.Loans\n    Key: $Id",
        about="Reads one row of a dataset by its key.",
    ),
    read,
    look=read,
)
SAVE = Command(
    CommandSpec(
        word="SAVE",
        main="Item",
        body="Fields",
        parameters=(
            Parameter("Item", Kind.NAME, required=True, about="A dataset, or an item to change."),
            Parameter("Fields", Kind.FIELDS, about="The properties."),
        ),
        changes="Item",
        signature="SAVE Library.Loans >> $x:\n    Prop: value\nSAVE $x:\n    Prop: value",
        about="Inserts a row, or changes the row that an item was read from.",
    ),
    save,
)
DELETE = Command(
    CommandSpec(
        word="DELETE",
        main="Item",
        parameters=(
            Parameter("Item", Kind.VALUE, about="An item that was read."),
            Parameter("Set", Kind.NAME, about="The dataset."),
            Parameter("Key", Kind.VALUE, about=_KEY.about),
            _ASSERT,
            Parameter("Undo", Kind.VALUE, about="How long it can be brought back."),
        ),
        signature="DELETE $x\nDELETE >> $x:\n    Set: Library.Loans\n    Key: $Id\n"
        "    Undo: 30 days",
        about="Deletes a row; one that is missing is no error.",
    ),
    delete,
)
EXISTS = Command(
    CommandSpec(
        word="EXISTS",
        main="Set",
        parameters=(_SET, _KEY, _ASSERT),
        signature="EXISTS >> $b:\n    Set: Library.Loans\n    Key: $Id",
        about="Whether a dataset has a row with this key.",
    ),
    exists,
    look=exists,
)
COMMANDS = {"READ": READ, "SAVE": SAVE, "DELETE": DELETE, "EXISTS": EXISTS}
