"""Which rules a row keeps, and which handlers its change starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from messaging import clock, ids
from scripts.functions import FUNCTIONS
from scripts.items.definition import Definition, Handler
from scripts.language.checking import failure
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope, has
from scripts.language.values import Item as Value
from scripts.language.work import bounded_work


@dataclass(frozen=True)
class Change:
    """What a save has done to a row: `state_from` is None when the state has not changed."""

    event: str
    version: int
    item: Value
    new: dict[str, Any] = field(default_factory=dict)
    old: dict[str, Any] = field(default_factory=dict)
    state_from: str | None = None


class _World:
    def now(self) -> datetime:
        return clock.now()

    def new_uuid(self) -> str:
        return str(ids.uuid4())

    def system(self, name: str) -> Any:
        return None


def outside(row: Any) -> Scope:
    """Return the scope of what is evaluated of a row outside of any script."""
    world = _World()
    return Scope({}, {}, world, FUNCTIONS, world.system, row)


def broken_rule(definition: Definition, item: Value, arrived_from: str | None) -> str:
    """Return the rule that a row breaks, or nothing.

    `arrived_from` is the state before a change of state: one that must follow others may not come
    without them (8.4).
    """
    if definition.assertion is not None:
        try:
            with bounded_work():
                failed = failure(definition.assertion, outside(item))
        except ScriptError as error:
            failed = error.message
        if failed:
            return failed[:500]
    if arrived_from is not None and item.state:
        before = {each.before for each in definition.handlers if each.state == item.state}
        if before and "" not in before and arrived_from not in before:
            return f"{item.state} must follow {' or '.join(sorted(before))}"
    return ""


def in_view(definition: Definition, view: str, item: Value) -> bool:
    """Say whether a row is in one of the dataset's views. Raises ScriptError."""
    with bounded_work():
        return failure(definition.views[view], outside(item)) is None


def due_handlers(definition: Definition, change: Change) -> list[Handler]:
    """Return the handlers that a change starts, in the order of the definition."""
    return [each for each in definition.handlers if _matches(each, change)]


def _matches(handler: Handler, change: Change) -> bool:
    if handler.state:
        if change.state_from is None or change.item.state != handler.state:
            return False
        if handler.before and handler.before != change.state_from:
            return False
    elif handler.event not in ("ALTERED", change.event) or not _touches(handler.field, change):
        return False
    if handler.assertion is None:
        return True
    row = {"Item": change.item, "New": change.new, "Old": change.old}
    try:
        with bounded_work():
            return failure(handler.assertion, outside(row)) is None
    except ScriptError:
        return False


def _touches(name: str, change: Change) -> bool:
    return not name or has(Value(change.new, set="", key=""), name)
