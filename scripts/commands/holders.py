"""DEFAULT, SELECT, FILTER, DISTINCT and PARSE: what becomes of values, rows and sets."""

from __future__ import annotations

from typing import Any

from scripts.errors import missing
from scripts.functions import lists, numbers, rows, syntax
from scripts.functions.comparison import same
from scripts.language.continuation import Call
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Format, bounded, prop
from scripts.language.holders import changed
from scripts.language.limits import limits
from scripts.language.values import HEADER_NAMES, MessageView, is_empty, to_text
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.plain import plain
from scripts.reading import Reading
from scripts.registry import Command

SHAPES = ("All", "First", "Last", "Distinct", "Exists")


def default(step: Reading, call: Call) -> Any:
    """DEFAULT $x: a map: properties that are empty get a value, in this script's view."""
    holder = call.arguments["Holder"]
    wanted = call.arguments.get("Fields") or {}
    if isinstance(holder, list):
        return [_defaulted(row, wanted) for row in holder]
    return _defaulted(holder, wanted)


def _defaulted(holder: Any, wanted: dict[str, Any]) -> Any:
    new = {name: value for name, value in wanted.items() if is_empty(prop(holder, name))}
    if not isinstance(holder, MessageView):
        return changed(holder, new)
    for name in wanted:
        if name in HEADER_NAMES:
            raise ScriptError(f"{name} is the header's, and has no default", kind="type")
    return MessageView({**holder, "Body": {**(holder.get("Body") or {}), **plain(new)}})


# -- queries ------------------------------------------------------------------------------------


def select(step: Reading, call: Call) -> Any:
    """SELECT >> $x: rows of lists or of a dataset; which, in which order, and what of each."""
    arguments = call.arguments
    shapes = [name for name in SHAPES if name in arguments]
    if len(shapes) > 1:
        raise ScriptError(f"SELECT takes one of {', '.join(SHAPES)}", kind="type")
    source = arguments["From"]
    keyed = "Key" in arguments
    where = arguments.get("Where")
    if where is not None and not keyed and isinstance(source, str) and source.strip():
        found, where = list(step.find(source.strip(), where)), None
    else:
        found = _by_key(step, source, arguments["Key"]) if keyed else _rows(step, source)
    if where is not None:
        found = [row for row in found if where.holds(row)]
    if not is_empty(arguments.get("OrderBy")):
        order = arguments["OrderBy"]
        found = rows.sort_rows(
            "OrderBy", found, tuple(order if isinstance(order, list) else [order])
        )
    if not is_empty(arguments.get("Limit")):
        found = found[: numbers.whole("Limit", arguments["Limit"], 0, limits.list_items)]
    if keyed and not shapes:
        if not found:
            raise missing(to_text(source) if isinstance(source, str) else "the row")
        return found[0]
    return _shaped(shapes[0] if shapes else "All", arguments, found)


def _shaped(shape: str, arguments: dict[str, Any], found: list[Any]) -> Any:
    if shape == "Exists":
        return bool(found)
    made = found
    form = arguments.get(shape)
    if isinstance(form, Format) and form.tree != ["lit", None]:
        picked = found[:1] if shape == "First" else found[-1:] if shape == "Last" else found
        made = [form.of(row) for row in picked]
    if shape in ("First", "Last"):
        return made[0 if shape == "First" else -1] if made else None
    return lists.unique(made) if shape == "Distinct" else bounded(made)


def _by_key(step: Reading, source: Any, key: Any) -> list[Any]:
    """Return the row of a dataset with this key, or the rows of a list with this `ID` or map."""
    if isinstance(source, str):
        item = step.read(source, key)
        return [] if item is None else [item]
    wanted = key if isinstance(key, dict) else {"ID": key}
    return [
        row
        for row in _rows(step, source)
        if all(same(prop(row, name), value) for name, value in wanted.items())
    ]


def _rows(step: Reading, source: Any) -> list[Any]:
    """Return the rows of a list, of a dataset by its name, or of lists by their aliases."""
    if isinstance(source, str) and source.strip():
        return list(step.find(source.strip()))
    if isinstance(source, dict) and source and all(isinstance(v, list) for v in source.values()):
        return _crossed(source)
    return rows.rows_of("From", source)


def _crossed(sources: dict[str, list[Any]]) -> list[dict[str, Any]]:
    combined: list[dict[str, Any]] = [{}]
    for alias, found in sources.items():
        if len(combined) * len(found) > limits.list_items:
            raise ScriptError("the list is too long", kind="limit")
        combined = [{**left, alias: row} for left in combined for row in found]
    return combined


def filter_(step: Reading, call: Call) -> list[Any]:
    """FILTER $set >> $x: the rows that satisfy all conditions."""
    where = call.arguments.get("Where")
    if where is None or not where.compiled["lines"]:
        raise ScriptError("FILTER needs a condition", kind="type")
    return [row for row in rows.rows_of("FILTER", call.arguments["Set"]) if where.holds(row)]


def distinct(step: Reading, call: Call) -> list[Any]:
    """DISTINCT >> $x: the different values of one or more lists."""
    found = call.arguments["Lists"]
    if isinstance(found, list) and found and all(isinstance(each, list) for each in found):
        return lists.unique(*found)
    return lists.unique(found)


def parse(step: Reading, call: Call) -> dict[str, Any]:
    """PARSE >> $x: the parts of a locator, of a schema code, or of both."""
    parts = {
        name: read(call.arguments[name])
        for name, read in (("Locator", syntax.locator_parts), ("Schema", syntax.schema_parts))
        if name in call.arguments
    }
    if not parts:
        raise ScriptError("PARSE needs Locator or Schema", kind="type")
    return parts if len(parts) > 1 else next(iter(parts.values()))


DEFAULT = Command(
    CommandSpec(
        word="DEFAULT",
        main="Holder",
        parameters=(
            Parameter("Holder", Kind.VALUE, required=True, about="What gets the values."),
            Parameter(
                "Fields", Kind.CHOICES, about="Property and value, or values to choose from."
            ),
        ),
        rest="Fields",
        changes="Holder",
        signature="DEFAULT $x:\n    Prop: value\nDEFAULT $.Inputs:\n    Prop: $a, $b",
        about="Gives a value to those properties that have none.",
    ),
    default,
    look=default,
)
_FORM = "What to make of each row: `A`, `A, B` or a map; nothing, the row."
SELECT = Command(
    CommandSpec(
        word="SELECT",
        main="From",
        parameters=(
            Parameter("From", Kind.VALUE, required=True, about="A list, lists by name, a dataset."),
            Parameter("All", Kind.FORMAT, about=f"All rows. {_FORM}"),
            Parameter("First", Kind.FORMAT, about=f"The first row. {_FORM}"),
            Parameter("Last", Kind.FORMAT, about=f"The last row. {_FORM}"),
            Parameter("Distinct", Kind.FORMAT, about=f"The different ones. {_FORM}"),
            Parameter("Exists", Kind.FORMAT, about="Whether there is any."),
            Parameter("Where", Kind.ASSERTION, aliases=("AllOf",), about="Which rows."),
            Parameter("Key", Kind.VALUE, about="The key of one row."),
            Parameter("OrderBy", Kind.LIST, about="Properties, downwards with a minus: `A, B-`."),
            Parameter("Limit", Kind.VALUE, about="How many at most."),
        ),
        signature="SELECT $set >> $x\nSELECT >> $x:\n    First: Title\n    From: $set\n"
        "    Where:\n        Pages.IsAbove: 100\n    OrderBy: Title",
        about="Finds rows in a list or a dataset.",
    ),
    select,
    look=select,
)
FILTER = Command(
    CommandSpec(
        word="FILTER",
        main="Set",
        parameters=(
            Parameter("Set", Kind.VALUE, required=True, about="The list."),
            Parameter("Where", Kind.ASSERTION, about="The conditions."),
        ),
        rest="Where",
        signature="FILTER $set >> $x:\n    Prop: value\n    Prop.IsAbove: 3",
        about="Keeps the rows that satisfy all conditions.",
    ),
    filter_,
    look=filter_,
)
DISTINCT = Command(
    CommandSpec(
        word="DISTINCT",
        main="Lists",
        parameters=(Parameter("Lists", Kind.VALUE, required=True, about="One or more lists."),),
        signature="DISTINCT $a, $b >> $x",
        about="The different values of one or more lists.",
    ),
    distinct,
    look=distinct,
)
PARSE = Command(
    CommandSpec(
        word="PARSE",
        parameters=(
            Parameter("Locator", Kind.TEMPLATE, about="The text of a locator."),
            Parameter("Schema", Kind.TEMPLATE, about="The text of a schema code."),
        ),
        signature="PARSE >> $x:\n    Locator: $text",
        about="Takes a locator or a schema code apart.",
    ),
    parse,
    look=parse,
)

COMMANDS = {
    "DEFAULT": DEFAULT,
    "SELECT": SELECT,
    "FILTER": FILTER,
    "DISTINCT": DISTINCT,
    "PARSE": PARSE,
}
