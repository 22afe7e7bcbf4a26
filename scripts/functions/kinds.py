"""What a value is called in an error, and values as keys, so that many are compared quickly."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from scripts.functions.names import name_key
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, parse_time, to_number
from scripts.language.work import spend

MOST_COMPARISONS = 1_000_000


def kind_of(value: Any) -> str:
    """Return what a value is, in an author's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a Bool"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | Decimal):
        return "a number"
    if isinstance(value, datetime):
        return "a time"
    return "a list" if isinstance(value, list) else "a map"


def bad_type(function: str, needs: str, value: Any) -> ScriptError:
    """Return the error of a function that was given the wrong kind of value."""
    return ScriptError(f".{function} {needs}, not {kind_of(value)}", kind="type")


def limit(message: str) -> ScriptError:
    """Return the error of work that grew too large."""
    return ScriptError(message, kind="limit")


def as_bool(value: Any) -> bool | None:
    """Return a Bool, or the text of one, as a Bool; None for anything else."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def is_period(value: Any) -> bool:
    """Say whether a value is a period: a map from one time to another."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("From"), datetime)
        and isinstance(value.get("To"), datetime)
    )


def strict_key(value: Any) -> Any:
    """Return what two values that are strictly equal have in common, and no other two."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, int | Decimal):
        return ("number", Decimal(value))
    if isinstance(value, datetime):
        return ("time", value)
    if isinstance(value, list | dict):
        spend(2 + 2 * len(value))
    if isinstance(value, list):
        return ("list", tuple(map(strict_key, value)))
    if isinstance(value, dict):
        return ("map", frozenset((key, strict_key(part)) for key, part in value.items()))
    return ("text", value)


def loose_keys(value: Any) -> set[Any]:
    """Return the keys of a scalar; two are tolerantly equal when they share one.

    Text is also the number, the time or the Bool that it spells, but only to one of that type.
    """
    if isinstance(value, bool):
        return {("is bool", value), ("bool", value)}
    if isinstance(value, int | Decimal):
        return {("is number", Decimal(value)), ("number", Decimal(value))}
    if isinstance(value, datetime):
        return {("is time", value), ("time", value)}
    keys: set[Any] = {("text", name_key(value))}
    number, moment, boolean = to_number(value), parse_time(value), as_bool(value)
    if number is not None:
        keys.add(("number text", number))
    if moment is not None:
        keys.add(("time text", moment))
    if boolean is not None:
        keys.add(("bool text", boolean))
    return keys


# A value of the type, and text that spells it.
_SPELT = {"number": "number text", "time": "time text", "bool": "bool text"}
_TYPED = {text: f"is {kind}" for kind, text in _SPELT.items()}


class Members:
    """The values of a list, to ask which others are among them."""

    def __init__(self, values: list[Any]) -> None:
        self.keys: set[Any] = set()
        self.others = [each for each in values if isinstance(each, list | dict)]
        self.comparisons = 0
        spend(5 * len(values))
        for each in values:
            if not isinstance(each, list | dict) and not is_empty(each):
                self.keys |= loose_keys(each)

    def candidates(self, value: Any) -> list[Any]:
        """Return what a list or map must be compared with one by one. Raises ScriptError."""
        self.comparisons += len(self.others)
        if self.comparisons > MOST_COMPARISONS:
            raise limit("too many lists or maps to compare")
        return self.others

    def has_scalar(self, value: Any) -> bool:
        """Say whether a value that is neither list nor map is among them."""
        spend(5)
        for kind, key in loose_keys(value):
            wanted = [(kind, key)]
            if kind in _SPELT:
                wanted = [(f"is {kind}", key), (_SPELT[kind], key)]
            elif kind in _TYPED:
                wanted = [(_TYPED[kind], key)]
            if any(each in self.keys for each in wanted):
                return True
        return False
