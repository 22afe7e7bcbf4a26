"""Sets: which rows, in which order, and what to make of each; bare words are a row's properties."""

from __future__ import annotations

from typing import Any

from scripts.functions import lists, moments
from scripts.functions.comparison import same
from scripts.functions.function import MANY, Context, Function, Reads
from scripts.functions.kinds import bad_type, kind_of, limit
from scripts.language.cost import Cost
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Later, bounded, prop
from scripts.language.holders import changed
from scripts.language.limits import limits
from scripts.language.values import is_empty, parse_time, to_number, to_text, truth
from scripts.language.work import spend


def condition(function: str, later: Later, row: Any) -> bool:
    """Say whether a condition holds of a row: a test, or a map of properties and values."""
    spend(3)
    if later.is_about_row() or later.tree[0] in ("when", "call", "auto", "or", "each"):
        value = later.of(row)
    else:
        value = later.value()
    if isinstance(value, dict):
        return all(same(prop(row, name), wanted) for name, wanted in value.items())
    if isinstance(value, bool):
        return value
    if not later.is_about_row():
        raise bad_type(function, "takes conditions such as {Title: Maps}", value)
    return truth(value)


def rows_of(function: str, subject: Any) -> list[Any]:
    """Return the rows of a list, or the pairs of a map. Raises ScriptError for others."""
    if is_empty(subject):
        return []
    if isinstance(subject, dict):
        return [{"Key": name, "Value": part} for name, part in subject.items()]
    if not isinstance(subject, list):
        raise bad_type(function, "goes through a list", subject)
    return subject


def filter_(context: Context, subject: Any, *conditions: Later) -> list[Any]:
    """The rows for which all conditions hold."""
    rows = rows_of("Filter", subject)
    return [row for row in rows if all(condition("Filter", each, row) for each in conditions)]


def _end(function: str, subject: Any, arguments: tuple[Later, ...], *, from_end: bool) -> Any:
    """The first or last of those that fulfil a condition; without a count, the item itself."""
    conditions: list[Later] = []
    counts: list[Later] = []
    for each in arguments:
        if each.is_about_row() or each.tree[0] in ("map", "when"):
            conditions.append(each)
            continue
        value = each.value()
        (conditions if isinstance(value, dict | bool) else counts).append(each)
    if len(conditions) > 1 or len(counts) > 1:
        raise ScriptError(f".{function} takes one condition and one count", kind="type")
    if conditions:
        subject = filter_of(function, subject, conditions[0])
    return lists.pick(function, subject, counts[0].value() if counts else None, from_end=from_end)


def filter_of(function: str, subject: Any, later: Later) -> list[Any]:
    return [row for row in rows_of(function, subject) if condition(function, later, row)]


def first(context: Context, subject: Any, *arguments: Later) -> Any:
    return _end("First", subject, arguments, from_end=False)


def last(context: Context, subject: Any, *arguments: Later) -> Any:
    return _end("Last", subject, arguments, from_end=True)


def last_prefix(context: Context, *arguments: Later) -> Any:
    """`.Last(day)` is the day that ends now; `.Last($list, 2)` is `$list.Last(2)`."""
    if not arguments:
        raise ScriptError(".Last takes a list, or a period such as day", kind="type")
    subject = arguments[0].tree[1][0] if arguments[0].tree[0] == "field" else arguments[0].value()
    if len(arguments) == 1 and moments.names_period(subject):
        return moments.last_period(context, subject)
    return last(context, subject, *arguments[1:])


# -- order --------------------------------------------------------------------------------------


def sort(context: Context, subject: Any, *orders: Any) -> list[Any]:
    """Sorted, stable: values by `+` or `-`, rows by properties such as `Title, Due-`."""
    return sort_rows("Sort", rows_of("Sort", subject), orders)


def sort_rows(function: str, rows: list[Any], orders: tuple[Any, ...]) -> list[Any]:
    """Return rows in order; what has no value comes last. Raises ScriptError."""
    wanted = [to_text(each).strip() for each in orders if not is_empty(each)] or ["+"]
    ordered = list(rows)
    for each in reversed(wanted):
        down = each.endswith("-") or each.startswith("-")
        path = [part for part in each.strip("+- ").split(".") if part]
        ordered = _sorted(function, ordered, path, down)
    return ordered


def _sorted(function: str, rows: list[Any], path: list[str], down: bool) -> list[Any]:
    spend(8 * len(rows))
    found: list[tuple[Any, Any]] = []
    empty: list[Any] = []
    for row in rows:
        value = row
        for name in path:
            value = prop(value, name)
        if is_empty(value):
            empty.append(row)
        else:
            found.append((value, row))
    keys = _order_keys(function, [value for value, _ in found])
    order = sorted(range(len(found)), key=lambda at: keys[at], reverse=down)
    return [found[at][1] for at in order] + empty


def _order_keys(function: str, values: list[Any]) -> list[Any]:
    """Return what values are ordered by: all are numbers, or times, or texts."""
    numbers = [to_number(value) for value in values]
    if all(each is not None for each in numbers):
        return numbers
    times = [parse_time(value) for value in values]
    if all(each is not None for each in times):
        return times
    kinds = sorted({kind_of(value) for value in values})
    if kinds != ["text"]:
        raise ScriptError(
            f".{function} orders numbers, times or text, not {' and '.join(kinds)}", kind="type"
        )
    return [(value.casefold(), value) for value in values]


# -- form ---------------------------------------------------------------------------------------


def shape(row: Any, formats: tuple[Later, ...]) -> Any:
    """Return what formats make of a row: one is its value, several are a map of them."""
    if not formats:
        return row
    if len(formats) == 1:
        return _shaped(row, formats[0])
    return {each.name: _shaped(row, each) for each in formats}


def _shaped(row: Any, later: Later) -> Any:
    value = later.of(row)
    if later.tree[0] not in ("holder", "system", "input", "prop"):
        return value
    if isinstance(value, str):  # the name of a property, in a holder
        return prop(row, value)
    if isinstance(value, list):
        spend(2 * len(value))
        return {to_text(name): prop(row, to_text(name)) for name in value}
    return value


def format_(context: Context, subject: Any, *formats: Later) -> Any:
    """What formats make of every row, or of the one map."""
    if isinstance(subject, dict):
        return shape(subject, formats)
    return bounded([shape(row, formats) for row in rows_of("Format", subject)])


def set_(context: Context, subject: Any, changes: Later) -> Any:
    """A map with changed properties, or a set with every row changed so."""
    if isinstance(subject, list):
        return [_changed(row, changes) for row in subject]
    return _changed(subject, changes)


def _changed(row: Any, changes: Later) -> dict[str, Any]:
    new = changes.of(row)
    if not isinstance(new, dict):
        raise bad_type("Set", "takes a map of changes", new)
    if not is_empty(row) and not isinstance(row, dict):
        raise bad_type("Set", "changes maps", row)
    return changed(row, new)


def evaluate(context: Context, subject: Any, *values: Later) -> Any:
    """What values are worth with the subject as their context; none, the subject."""
    return shape(subject, values)


def cross(context: Context, subject: Any, *sets: Later) -> list[dict[str, Any]]:
    """Every row of one set with every row of the others; each under the name of its set."""
    if subject is not None:
        raise ScriptError(".Cross takes its sets in brackets: .Cross($a, $b)", kind="type")
    combined: list[dict[str, Any]] = [{}]
    for at, each in enumerate(sets, 1):
        name = each.name if each.name != "Value" else f"Set{at}"
        rows = rows_of("Cross", each.value())
        if len(combined) * len(rows) > limits.list_items:
            raise limit("the list is too long")
        spend(len(combined) * len(rows) * (2 + at // 10))
        combined = [{**left, name: row} for left in combined for row in rows]
    return combined


def each_(context: Context, subject: Any) -> Any:
    """Without more behind it: the items."""
    return subject


FUNCTIONS = {
    "Cross": Function(
        cross,
        1,
        MANY,
        subjectless=True,
        reads=Reads.LATER,
        cost=Cost.COUNTED,
        signature=".Cross($a, $b, ...)",
        about="Every row of one set with every row of the others, as `{a: row, b: row}`.",
    ),
    "Each": Function(
        each_,
        cost=Cost.FLAT,
        signature="list.Each.Fn",
        about="The rest of the chain for every item; a test must hold of all of them.",
    ),
    "Evaluate": Function(
        evaluate,
        0,
        MANY,
        whole=True,
        reads=Reads.FORMATS,
        cost=Cost.COUNTED,
        signature="map.Evaluate(v, ...)",
        about="Values with the map as their context; bare words are its properties.",
    ),
    "Filter": Function(
        filter_,
        1,
        MANY,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature="set.Filter({Prop: value})\nset.Filter(Prop.IsAbove(3))",
        about="The rows for which all conditions hold.",
    ),
    "First": Function(
        first,
        0,
        2,
        reads=Reads.FILTERS,
        signature="x.First\nx.First(n)\nset.First({Prop: value}, n)",
        about="The first item; with a number, so many items or characters.",
    ),
    "Format": Function(
        format_,
        0,
        MANY,
        whole=True,
        reads=Reads.FORMATS,
        cost=Cost.COUNTED,
        signature="set.Format(A)\nset.Format(A, B)\nset.Format({X: A})",
        about="What is made of every row: one value, some properties, or a map.",
    ),
    "Last": Function(
        last,
        0,
        2,
        reads=Reads.FILTERS,
        prefix=last_prefix,
        signature="x.Last\nx.Last(n)\nset.Last({Prop: value}, n)\n.Last(day)",
        about="The last item, or so many; without a subject, the period that ends now.",
    ),
    "Set": Function(
        set_,
        1,
        1,
        whole=True,
        reads=Reads.CHANGES,
        cost=Cost.COUNTED,
        signature="map.Set({Prop: value})\nset.Set({Count: Count.Add(1)})",
        about="A map, or every row of a set, with changed properties.",
    ),
    "Sort": Function(
        sort,
        0,
        MANY,
        signature="list.Sort(-)\nset.Sort(A, B-)",
        about="Sorted upwards, or downwards with a minus; what has no value comes last.",
    ),
    "Where": Function(
        filter_,
        1,
        MANY,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature="set.Where({Prop: value})",
        about="The same as Filter.",
    ),
}
