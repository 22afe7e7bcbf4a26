"""Parts of texts, lists and maps: joining, taking, leaving out, and the values of maps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scripts.functions import moments, numbers
from scripts.functions.comparison import same
from scripts.functions.function import MANY, Context, Function
from scripts.functions.kinds import bad_type, strict_key
from scripts.functions.texts import bounded_text, graphemes
from scripts.language.cost import Cost
from scripts.language.errors import ScriptError
from scripts.language.evaluation import bounded
from scripts.language.holders import changed
from scripts.language.values import is_empty, parse_time, to_number, to_text
from scripts.language.work import spend


def _is_time(value: Any) -> bool:
    return isinstance(value, datetime) or (
        isinstance(value, str) and to_number(value) is None and parse_time(value) is not None
    )


def append(context: Context, subject: Any, *values: Any) -> Any:
    """A text or a list with more at its end; a list that is added is merged, not nested."""
    if isinstance(subject, list):
        more = [
            each for value in values for each in (value if isinstance(value, list) else [value])
        ]
        return bounded([*subject, *more])
    if isinstance(subject, dict):
        raise bad_type("Append", "adds to text or a list", subject)
    if is_empty(subject) and any(isinstance(value, list) for value in values):
        return append(context, [], *values)
    return bounded_text(to_text(subject) + "".join(map(to_text, values)))


def add(context: Context, subject: Any, *values: Any) -> Any:
    """By type: a number grows, a time advances, a text or list gets longer, a map gets pairs."""
    result = subject
    for value in values:
        several = isinstance(value, list) and not isinstance(result, list)
        for each in value if several else [value]:
            result = _add(context, result, each)
    return result


def _add(context: Context, subject: Any, value: Any) -> Any:
    if isinstance(subject, str | list):
        spend(4 + len(subject) // 500)
    if isinstance(subject, dict):
        if not isinstance(value, dict):
            raise bad_type("Add", "adds a map to a map", value)
        return changed(subject, value)
    if _is_time(subject):
        return moments.advance(context, subject, value)
    if to_number(subject) is not None and not _is_words(value):
        return numbers.plus("Add", subject, value)
    return append(context, subject, value)


def _is_words(value: Any) -> bool:
    """Say whether a value is text that is neither number nor formula, such as `Maps`."""
    return isinstance(value, str) and not value.strip()[:1].lstrip("-").isdecimal()


def plus(context: Context, subject: Any, *values: Any) -> Any:
    return add(context, subject, *values)


def minus(context: Context, subject: Any, *values: Any) -> Any:
    """By type: a number shrinks, a time goes back, other values lose parts."""
    result = subject
    for value in values:
        if _is_time(result):
            result = moments.go_back(context, result, value)
        elif to_number(result) is not None and not isinstance(result, list | dict):
            result = numbers.subtract(result, value)
        else:
            result = remove(context, result, value)
    return result


def diff(context: Context, subject: Any, other: Any) -> Any:
    """By type: the number that is missing, the period between, or what the other has not."""
    if is_empty(subject) or is_empty(other):
        return subject
    if _is_time(subject) and _is_time(other):
        return moments.period(moments.moment(subject), moments.moment(other))
    if to_number(subject) is not None and to_number(other) is not None:
        return numbers.subtract(other, subject)
    return remove(context, subject, other)


def remove(context: Context, subject: Any, *values: Any) -> Any:
    """Text without a text, a list without equal items, a map without keys, or without pairs."""
    if is_empty(subject):
        return subject
    if isinstance(subject, list):
        gone = {
            key
            for value in values
            for each in (value if isinstance(value, list) else [value])
            for key in _keys_of(each)
        }
        return [item for item in subject if strict_key(item) not in gone]
    if isinstance(subject, dict):
        return _without(subject, values)
    if not isinstance(subject, str):
        raise bad_type("Remove", "takes parts out of text, lists and maps", subject)
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            spend(2 + len(subject) // 400)
            subject = subject.replace(to_text(each), "") if not is_empty(each) else subject
    return subject


def _keys_of(value: Any) -> set[Any]:
    """Return the keys of what is to go; `3` in a script is also the number 3."""
    found = to_number(value) if isinstance(value, str) else None
    return {strict_key(value)} | (set() if found is None else {strict_key(found)})


def _without(subject: dict[str, Any], values: tuple[Any, ...]) -> dict[str, Any]:
    left = dict(subject)
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                for key, part in each.items():
                    if same(left.get(key), part):
                        del left[key]
                continue
            name, colon, part = to_text(each).partition(":")
            if to_text(each) in left:
                del left[to_text(each)]
            elif colon and same(left.get(name.strip()), part.strip()):
                del left[name.strip()]
    return left


def pick(function: str, subject: Any, count: Any, *, from_end: bool) -> Any:
    """Return the first or last item, or so many items or characters of the text or list."""
    if is_empty(subject):
        return None
    if not isinstance(subject, str | list):
        raise bad_type(function, "takes from text and lists", subject)
    parts = graphemes(subject) if isinstance(subject, str) else subject
    if count is None:
        return parts[-1 if from_end else 0]
    size = numbers.whole(function, count, 0, 1_000_000)
    taken = parts[max(len(parts) - size, 0) :] if from_end else parts[:size]
    return "".join(taken) if isinstance(subject, str) else taken


def take(context: Context, subject: Any, amount: Any) -> Any:
    """By type: the first items or characters, or a share of a number."""
    if isinstance(subject, str | list) and to_number(subject if isinstance(subject, str) else None):
        return numbers.calculate(context, subject, amount)
    if isinstance(subject, str | list) or is_empty(subject):
        return pick("Take", subject, amount, from_end=False)
    return numbers.calculate(context, subject, amount)


def distinct(context: Context, subject: Any, *others: Any) -> list[Any]:
    return unique(subject, *others)


def unique(*values: Any) -> list[Any]:
    """Return the different values of one or more lists, in the order they come first."""
    seen: set[Any] = set()
    kept = []
    for value in values:
        for item in value if isinstance(value, list) else [] if is_empty(value) else [value]:
            spend(2)
            key = strict_key(item)
            if key not in seen:
                seen.add(key)
                kept.append(item)
    return bounded(kept)


def to_list(context: Context, subject: Any, *others: Any) -> list[Any]:
    """The words of texts, apart by spaces or commas, and the items of lists, as one list."""
    items: list[Any] = []
    for value in (subject, *others):
        if isinstance(value, list):
            items += value
        elif isinstance(value, str):
            items += [word for part in value.split(",") for word in part.split()]
        elif not is_empty(value):
            items.append(value)
    return bounded(items)


def are_many(context: Context, subject: Any) -> bool:
    return isinstance(subject, list) and len(subject) > 1


def is_one(context: Context, subject: Any) -> bool:
    return isinstance(subject, list) and len(subject) == 1


def keys(context: Context, subject: Any) -> list[str]:
    return list(_mapping("Keys", subject))


def values(context: Context, subject: Any) -> list[Any]:
    return list(_mapping("Values", subject).values())


def key(context: Context, subject: Any) -> Any:
    """The key of a pair, or of a map of one pair."""
    return None if is_empty(subject) else _pair("Key", subject)[0]


def value(context: Context, subject: Any, name: Any = None) -> Any:
    """The value of a pair, or the value that a map has under a key."""
    if is_empty(subject):
        return None
    if name is not None:
        return _mapping("Value", subject).get(to_text(name))
    return _pair("Value", subject)[1]


def _mapping(function: str, subject: Any) -> dict[str, Any]:
    if is_empty(subject):
        return {}
    if not isinstance(subject, dict):
        raise bad_type(function, "looks into maps", subject)
    return subject


def _pair(function: str, subject: Any) -> tuple[Any, Any]:
    pairs = _mapping(function, subject)
    if set(pairs) == {"Key", "Value"}:
        return pairs["Key"], pairs["Value"]
    if len(pairs) != 1:
        raise ScriptError(
            f".{function} takes a pair, and this map has {len(pairs)} pairs", kind="type"
        )
    return next(iter(pairs.items()))


FUNCTIONS = {
    "Add": Function(
        add,
        1,
        MANY,
        signature="x.Add(v, ...)",
        about="A number grows, a time advances, text and lists get longer, a map gets pairs.",
    ),
    "Append": Function(
        append,
        1,
        MANY,
        signature="text.Append(t)\nlist.Append(v)",
        about="Text or a list with more at its end; lists are merged, not nested.",
    ),
    "AreMany": Function(
        are_many,
        test=True,
        cost=Cost.FLAT,
        signature="list.AreMany",
        about="Whether a list has two items or more.",
    ),
    "Diff": Function(
        diff,
        1,
        1,
        signature="a.Diff(b)",
        about="What is missing from a number, the period between times, or what is left of others.",
    ),
    "Distinct": Function(
        distinct,
        0,
        MANY,
        signature="list.Distinct\n.Distinct(list, ...)",
        about="The different values of one or more lists.",
    ),
    "IsOne": Function(
        is_one,
        test=True,
        cost=Cost.FLAT,
        signature="list.IsOne",
        about="Whether a list has exactly one item.",
    ),
    "Key": Function(
        key,
        whole=True,
        cost=Cost.FLAT,
        signature="pair.Key",
        about="The key of a pair, or of a map of one pair.",
    ),
    "Keys": Function(keys, whole=True, signature="map.Keys", about="The keys of a map."),
    "Minus": Function(
        minus,
        1,
        MANY,
        signature="x.Minus(v, ...)",
        about="A number shrinks, a time goes back, text, lists and maps lose parts.",
    ),
    "Plus": Function(plus, 1, MANY, signature="x.Plus(v)", about="The same as Add."),
    "Remove": Function(
        remove,
        1,
        MANY,
        signature="x.Remove(v, ...)",
        about="Text without a text, a list without equal items, a map without keys or pairs.",
    ),
    "Take": Function(
        take,
        1,
        1,
        signature="x.Take(n)",
        about="The first items or characters, or a share of a number.",
    ),
    "ToList": Function(
        to_list,
        0,
        MANY,
        signature=".ToList(v, ...)",
        about="The words of texts and the items of lists, as one list.",
    ),
    "Value": Function(
        value,
        0,
        1,
        whole=True,
        cost=Cost.FLAT,
        signature="pair.Value\nmap.Value(key)",
        about="The value of a pair, or of a key.",
    ),
    "Values": Function(values, whole=True, signature="map.Values", about="The values of a map."),
}
