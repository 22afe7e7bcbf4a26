"""Equality, membership and order; an empty subject is always false (section 6)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from scripts.functions.function import MANY, Context, Function
from scripts.functions.kinds import Members, as_bool, bad_type, is_period, limit, strict_key
from scripts.functions.names import name_key
from scripts.functions.texts import emoji_run
from scripts.language.errors import ScriptError
from scripts.language.evaluation import default_property
from scripts.language.values import is_empty, parse_time, to_number
from scripts.language.work import spend

MOST_UNORDERED = 300  # lists of lists or maps, compared in any order


class Day(datetime):
    """The beginning of a day, as `.Today` gives it; any moment of the day is the same (.Is)."""

    until: datetime


def same(a: Any, b: Any) -> bool:
    """Tolerant equality (.Is): exact text, except schema codes, domains and UUIDs."""
    spend(2)
    a, b = default_property(a), default_property(b)
    if is_empty(a) or is_empty(b):
        return False
    if isinstance(a, bool) or isinstance(b, bool):
        return as_bool(a) is not None and as_bool(a) == as_bool(b)
    if isinstance(a, list) and isinstance(b, list):
        return _same_lists(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal_or_empty(a[key], b[key]) for key in a)
    if isinstance(a, datetime) or isinstance(b, datetime):
        return _same_times(parse_time(a), parse_time(b), a, b)
    if isinstance(a, int | Decimal) or isinstance(b, int | Decimal):
        return to_number(a) is not None and to_number(a) == to_number(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b or name_key(a) == name_key(b)
    return False


def _equal_or_empty(a: Any, b: Any) -> bool:
    return (is_empty(a) and is_empty(b)) or same(a, b)


def _same_times(one: datetime | None, other: datetime | None, a: Any, b: Any) -> bool:
    if one is None or other is None:
        return False
    if isinstance(b, Day):
        return b <= one < b.until
    if isinstance(a, Day):
        return a <= other < a.until
    return one == other


def _same_lists(a: list[Any], b: list[Any]) -> bool:
    """Say whether two lists hold the same, in any order."""
    if len(a) != len(b):
        return False
    if a == b:
        return True
    spend(2 * len(a))
    if all(isinstance(each, str) for each in [*a, *b]):
        spend(6 * len(a))
        return Counter(map(name_key, a)) == Counter(map(name_key, b))
    if len(a) > MOST_UNORDERED:
        raise limit(f"lists of more than {MOST_UNORDERED} are compared in any order only as texts")
    left = list(b)
    for each in a:
        at = next((at for at, other in enumerate(left) if _equal_or_empty(each, other)), None)
        if at is None:
            return False
        del left[at]
    return True


def strictly_equal(a: Any, b: Any) -> bool:
    """Strict equality (.Equals): lists in order, text exact, numbers by value."""
    if is_empty(a) or is_empty(b):
        return False
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    if isinstance(a, list | dict) or isinstance(b, list | dict):
        return bool(strict_key(a) == strict_key(b))
    return same(a, b)


def is_(context: Context, subject: Any, other: Any) -> bool:
    return same(subject, other)


def is_not(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not same(subject, other)


def equals(context: Context, subject: Any, other: Any) -> bool:
    return strictly_equal(subject, other)


def differs(context: Context, subject: Any, other: Any) -> bool:
    return not is_empty(subject) and not strictly_equal(subject, other)


# -- membership ---------------------------------------------------------------------------------


def is_in(context: Context, subject: Any, *options: Any) -> bool:
    """Every item of the subject is one of the options; exact members, never substrings."""
    subject = default_property(subject)
    if is_empty(subject):
        return False
    if len(options) == 1 and is_period(options[0]):
        return _inside(options[0], subject)
    if len(options) == 1 and isinstance(options[0], dict) and isinstance(subject, dict):
        return _has_pair(options[0], subject)
    members = Members(_members(options))
    items = subject if isinstance(subject, list) else [subject]
    return all(_is_member(item, members) for item in items)


def _is_member(item: Any, members: Members) -> bool:
    item = default_property(item)
    if is_empty(item):
        return False
    if isinstance(item, list | dict):
        return any(same(item, other) for other in members.candidates(item))
    return members.has_scalar(item)


def _members(options: tuple[Any, ...]) -> list[Any]:
    """Return the options one by one: lists, the keys of maps, and the emoji of a run of them."""
    members: list[Any] = []
    for option in options:
        if isinstance(option, dict) and not is_empty(default_property(option)):
            plain = default_property(option)
            members += option.keys() if plain is option else [plain]
            continue
        for each in option if isinstance(option, list) else [option]:
            members += (emoji_run(each) if isinstance(each, str) else []) or [each]
    return members


def is_not_in(context: Context, subject: Any, *options: Any) -> bool:
    return not is_empty(subject) and not is_in(context, subject, *options)


def contains(context: Context, subject: Any, part: Any) -> bool:
    """Text holds a text, a list an item, a map a key with a value or a pair, a period a time."""
    if is_period(subject):
        return not is_empty(part) and _inside(subject, default_property(part))
    subject, part = default_property(subject), default_property(part)
    if is_empty(subject) or is_empty(part):
        return False
    if isinstance(subject, str):
        if isinstance(part, list | dict):
            raise bad_type("Contains", "looks for text in text", part)
        return str(part) in subject
    if isinstance(subject, dict):
        return _has_pair(subject, part)
    if isinstance(subject, list):
        return _is_member(part, Members(subject))
    raise bad_type("Contains", "looks into text, lists, maps and periods", subject)


def _has_pair(whole: dict[str, Any], part: Any) -> bool:
    if isinstance(part, dict):
        if set(part) == {"Key", "Value"} and "Value" not in whole:
            part = {str(part["Key"]): part["Value"]}
        return all(same(whole.get(key), value) for key, value in part.items())
    if not is_empty(whole.get(part)):
        return True
    key, colon, value = str(part).partition(":")
    return bool(colon) and same(whole.get(key.strip()), value.strip())


def _inside(period: dict[str, Any], value: Any) -> bool:
    """Say whether a time is in a period: from its beginning up to, but not at, its end."""
    moment = parse_time(value)
    if moment is None:
        raise bad_type("IsIn", "asks of a period whether a time is in it", value)
    return bool(period["From"] <= moment < period["To"])


def starts_with(context: Context, subject: Any, start: Any) -> bool:
    """A text begins with a text, a list with an item or with the items of a list."""
    if is_empty(subject) or is_empty(start):
        return False
    if isinstance(subject, str):
        return isinstance(start, str) and subject.startswith(start)
    if isinstance(subject, list):
        items = start if isinstance(start, list) else [start]
        if len(items) > len(subject):
            return False
        return all(same(a, b) for a, b in zip(subject, items, strict=False))
    raise bad_type("StartsWith", "compares the beginning of text and lists", subject)


# -- order --------------------------------------------------------------------------------------


def _measure(function: str, value: Any) -> Decimal:
    if isinstance(value, list):
        return Decimal(len(value))
    number = to_number(value)
    if number is None:
        raise bad_type(function, "compares numbers or lengths", value)
    return number


def _ordered(function: str, holds: Callable[[Decimal, Decimal], bool]) -> Callable[..., bool]:
    """Return the function that compares two numbers, or the lengths of lists."""

    def compare(context: Context, subject: Any, other: Any) -> bool:
        if is_empty(subject) or is_empty(other):
            return False
        return holds(_measure(function, subject), _measure(function, other))

    return compare


def is_between(context: Context, subject: Any, low: Any, high: Any) -> bool:
    """From the low to the high end, both included: numbers, lengths of lists, or times."""
    if is_empty(subject) or is_empty(low) or is_empty(high):
        return False
    times = [parse_time(value) for value in (subject, low, high)]
    if times[0] is not None and times[1] is not None and times[2] is not None:
        return times[1] <= times[0] <= times[2]
    if times[0] is not None:
        raise ScriptError(".IsBetween compares a time with two times", kind="type")
    value, least, most = [_measure("IsBetween", each) for each in (subject, low, high)]
    return least <= value <= most


def day(start: datetime, length: timedelta) -> Day:
    """Return the day that begins at `start` (UTC) and lasts as long as it does there."""
    made = Day.fromtimestamp(start.timestamp(), tz=start.tzinfo)
    made.until = start + length
    return made


def fingerprint(text: str) -> int:
    """Return a number drawn from a text, of 256 bits."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


FUNCTIONS = {
    "Contains": Function(
        contains,
        1,
        1,
        test=True,
        whole=True,
        signature="c.Contains(v)",
        about="Whether text holds a text, a list an item, a map a key or a pair, a period a time.",
    ),
    "Differs": Function(
        differs, 1, 1, test=True, signature="a.Differs(b)", about="The opposite of Equals."
    ),
    "Equals": Function(
        equals,
        1,
        1,
        test=True,
        signature="a.Equals(b)",
        about="Whether both are strictly equal: text exactly, numbers by value, lists in order.",
    ),
    "Has": Function(
        contains, 1, 1, test=True, whole=True, signature="c.Has(v)", about="The same as Contains."
    ),
    "In": Function(
        is_in, 1, MANY, test=True, whole=True, signature="v.In(a, b)", about="The same as IsIn."
    ),
    "Is": Function(
        is_,
        1,
        1,
        test=True,
        signature="a.Is(b)",
        about="Whether both are equal; lists in any order, text exactly, domains in any case.",
    ),
    "IsAbove": Function(
        _ordered("IsAbove", lambda a, b: a > b),
        1,
        1,
        test=True,
        signature="a.IsAbove(b)",
        about="Whether a number is greater, or a list longer.",
    ),
    "IsAtLeast": Function(
        _ordered("IsAtLeast", lambda a, b: a >= b),
        1,
        1,
        test=True,
        signature="a.IsAtLeast(b)",
        about="Whether a number is greater or equal, or a list as long or longer.",
    ),
    "IsAtMost": Function(
        _ordered("IsAtMost", lambda a, b: a <= b),
        1,
        1,
        test=True,
        signature="a.IsAtMost(b)",
        about="Whether a number is smaller or equal, or a list as short or shorter.",
    ),
    "IsBelow": Function(
        _ordered("IsBelow", lambda a, b: a < b),
        1,
        1,
        test=True,
        signature="a.IsBelow(b)",
        about="Whether a number is smaller, or a list shorter.",
    ),
    "IsBetween": Function(
        is_between,
        2,
        2,
        test=True,
        signature="a.IsBetween(low, high)",
        about="Whether a number or a time lies between two others, both included.",
    ),
    "IsIn": Function(
        is_in,
        1,
        MANY,
        test=True,
        whole=True,
        signature="v.IsIn(a, b)\nv.IsIn(list)",
        about="Whether it is one of the values, a key of the map, or a time of the period.",
    ),
    "IsNot": Function(is_not, 1, 1, test=True, signature="a.IsNot(b)", about="The opposite of Is."),
    "IsNotIn": Function(
        is_not_in,
        1,
        MANY,
        test=True,
        whole=True,
        signature="v.IsNotIn(a, b)",
        about="The opposite of IsIn.",
    ),
    "NotIn": Function(
        is_not_in,
        1,
        MANY,
        test=True,
        whole=True,
        signature="v.NotIn(a, b)",
        about="The same as IsNotIn.",
    ),
    "StartsWith": Function(
        starts_with,
        1,
        1,
        test=True,
        signature="x.StartsWith(p)",
        about="Whether a text or a list begins with another.",
    ),
}
