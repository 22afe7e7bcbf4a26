"""How much work one instruction does, so that none holds its run longer than its lease.

A unit is about a microsecond. The machine gives each instruction its allowance
(`limits.step_work`); whatever loops, compares, copies or parses spends of it, and what would be too
much is an error at the author's line, of the kind "limit". Where no machine is at work, as in a
page of the operators, nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from scripts.language.errors import ScriptError
from scripts.language.limits import limits

CHARACTERS_A_UNIT = 32


@dataclass
class Meter:
    """What is left of an allowance, and what was spent of all so far."""

    left: int = 0
    spent: int = 0

    def allow(self, units: int) -> None:
        """Begin an instruction with so many units."""
        self.left = units


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


def spend(units: int) -> None:
    """Count so many units of work. Raises ScriptError when the instruction has none left."""
    meter = _meter.get()
    if meter is None:
        return
    meter.left -= units
    meter.spent += units
    if meter.left < 0:
        raise ScriptError("more work than one step may do; do it for fewer at a time", kind="limit")


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Count on `meter` for as long as the context lasts."""
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


@contextmanager
def bounded_work() -> Iterator[None]:
    """Give what runs outside of a machine, such as the rules of a row, one step's allowance."""
    if _meter.get() is not None:
        yield
        return
    with metered(Meter(limits.step_work)):
        yield


def spend_on(value: Any, times: int = 1) -> None:
    """Count a pass over all of a value, its parts and theirs. Raises ScriptError.

    Parts that are shared count as often as they are met, as they do for who goes through them; the
    look itself ends as soon as there is no work left.
    """
    if _meter.get() is None:
        return
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, dict):
            spend(times * (2 + 2 * len(each)))
            todo += each.values()
        elif isinstance(each, list):
            spend(times * (2 + 2 * len(each)))
            todo += each
        elif isinstance(each, str) and len(each) >= CHARACTERS_A_UNIT:
            spend(times * (len(each) // CHARACTERS_A_UNIT))
