"""Equality, membership and order, with the empty subject always false (section 6)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from scripts.functions.function import Context
from scripts.functions.syntax import domain_of, schema_of, uuid_of
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, parse_time, to_number, truth


def same(a: Any, b: Any) -> bool:
    """Tolerant equality (.Is): exact text, except schema codes, domains and UUIDs."""
    if is_empty(a) or is_empty(b):
        return False
    if isinstance(a, bool) or isinstance(b, bool):
        return _bool(a) is not None and _bool(a) == _bool(b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal_or_empty(a[key], b[key]) for key in a)
    if isinstance(a, datetime) or isinstance(b, datetime):
        return parse_time(a) is not None and parse_time(a) == parse_time(b)
    if isinstance(a, int | Decimal) or isinstance(b, int | Decimal):
        return to_number(a) is not None and to_number(a) == to_number(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b or _same_name(a, b)
    return False


def _equal_or_empty(a: Any, b: Any) -> bool:
    return (is_empty(a) and is_empty(b)) or same(a, b)


def _same_name(a: str, b: str) -> bool:
    return any(
        read(a) is not None and read(a) == read(b) for read in (uuid_of, domain_of, schema_of)
    )


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def is_(context: Context, subject: Any, other: Any) -> bool:
    return same(subject, other)


def is_not(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not same(subject, other)


def is_in(context: Context, subject: Any, *options: Any) -> bool:
    """Every item of the subject is one of the options; exact members, never substrings."""
    if is_empty(subject):
        return False
    members = _members(options)
    items = subject if isinstance(subject, list) else [subject]
    return all(any(same(item, member) for member in members) for item in items)


def is_not_in(context: Context, subject: Any, *options: Any) -> bool:
    return not is_empty(subject) and not is_in(context, subject, *options)


def _members(options: tuple[Any, ...]) -> list[Any]:
    members: list[Any] = []
    for option in options:
        if isinstance(option, dict):
            members += option.keys()
        else:
            members += option if isinstance(option, list) else [option]
    return members


def contains(context: Context, subject: Any, part: Any) -> bool:
    """Text holds a text, a list an item, a map a key."""
    if is_empty(subject) or is_empty(part):
        return False
    if isinstance(subject, str):
        return isinstance(part, str) and part in subject
    if isinstance(subject, dict):
        return part in subject
    return isinstance(subject, list) and any(same(item, part) for item in subject)


def _order(subject: Any, other: Any) -> int:
    """Return the sign of subject - other: numbers, or lists by their length."""
    a, b = [Decimal(len(v)) if isinstance(v, list) else to_number(v) for v in (subject, other)]
    if a is None or b is None:
        raise ScriptError("only numbers are above or below each other", kind="type")
    return (a > b) - (a < b)


def is_above(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and _order(subject, other) > 0


def is_below(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not is_empty(other) and _order(subject, other) < 0


def is_empty_(context: Context, subject: Any) -> bool:
    return is_empty(subject)


def is_not_empty(context: Context, subject: Any) -> bool:
    return not is_empty(subject)


def default(context: Context, subject: Any, *others: Any) -> Any:
    """The first that is not empty."""
    return next((value for value in (subject, *others) if not is_empty(value)), None)


def require(context: Context, subject: Any) -> Any:
    if is_empty(subject):
        raise ScriptError("a required value is empty", kind="assertion")
    return subject


def either(context: Context, subject: Any, *others: Any) -> bool:
    """True when the subject or any other value is true."""
    return any(truth(value) for value in (subject, *others))


def is_text(context: Context, subject: Any) -> bool:
    return isinstance(subject, str)


def is_list(context: Context, subject: Any) -> bool:
    return isinstance(subject, list)


def is_bool(context: Context, subject: Any) -> bool:
    return _bool(subject) is not None


def is_num(context: Context, subject: Any) -> bool:
    return to_number(subject) is not None


def is_enum(context: Context, subject: Any) -> bool:
    items = subject if isinstance(subject, list) else [subject]
    return all(isinstance(item, str) for item in items)
