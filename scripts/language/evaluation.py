"""Trees to values: a plain recursive function over a table, with no re-parsing of any data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from scripts.language.cost import Cost
from scripts.language.errors import ODD_VALUE, ScriptError, of_odd_value
from scripts.language.expressions import Tree, last_name
from scripts.language.limits import limits
from scripts.language.values import Item, MessageView, is_empty, to_text, truth
from scripts.language.work import spend, spend_on


class Surroundings(Protocol):
    """What evaluation asks of the world."""

    def system(self, name: str) -> Any: ...
    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...


@dataclass
class Scope:
    """Where names are looked up: a frame's holders and inputs, the world, and a context row."""

    holders: dict[str, Any]
    inputs: dict[str, Any]
    world: Surroundings
    functions: Any
    system: Callable[[str], Any]
    row: Any = None
    read: dict[str, datetime] = field(default_factory=dict)

    def now(self) -> datetime:
        """Return the time, which is read once for a command (4.9)."""
        if "now" not in self.read:
            self.read["now"] = self.world.now()
        return self.read["now"]

    def new_uuid(self) -> str:
        return self.world.new_uuid()


@dataclass(frozen=True)
class Format:
    """What a command makes of rows, in the scope of the command that carries it."""

    tree: Tree
    scope: Scope

    def of(self, row: Any) -> Any:
        """Return what is made of one row. Raises ScriptError."""
        spend(3)
        return evaluate(self.tree, replace(self.scope, row=row))


@dataclass(frozen=True)
class Later:
    """An argument that its function evaluates when it needs it, of the row it wants."""

    tree: Tree
    scope: Scope

    @property
    def name(self) -> str:
        return last_name(self.tree)

    def value(self) -> Any:
        """Return its value where it is written. Raises ScriptError."""
        return evaluate(self.tree, self.scope)

    def of(self, row: Any) -> Any:
        """Return its value with `row` as the context. Raises ScriptError."""
        spend(3)
        return evaluate(self.tree, replace(self.scope, row=row))

    def is_about_row(self) -> bool:
        """Say whether it names a property of a row."""
        return _mentions_field(self.tree)


def _mentions_field(tree: Any) -> bool:
    if not isinstance(tree, list) or tree[:1] == ["lit"]:
        return False
    return tree[:1] == ["field"] or any(map(_mentions_field, tree))


def evaluate(tree: Tree, scope: Scope) -> Any:
    """Return the value of a tree. Raises ScriptError, whatever the values in it are."""
    try:
        return _TABLE[tree[0]](tree, scope)
    except ODD_VALUE as odd:
        raise of_odd_value(odd) from odd


def prop(value: Any, name: str) -> Any:
    """Return a property: exact on maps, any case on items, of every row on lists (3.3)."""
    if isinstance(value, MessageView):
        return value.short(name)
    if isinstance(value, dict):
        if name in value:
            return value[name]
        if isinstance(value, Item):
            spend(1 + len(value) // 10)
            wanted = name.lower()
            return next((part for key, part in value.items() if key.lower() == wanted), None)
        return None
    if isinstance(value, list):
        spend(1 + len(value))
        return [prop(part, name) for part in value if isinstance(part, dict)]
    return None


def has(value: Any, name: str) -> bool:
    """Say whether a map has a property, so that a function of the same name steps back (3.4)."""
    if isinstance(value, MessageView):
        return value.short(name) is not None
    if isinstance(value, Item):
        wanted = name.lower()
        return any(key.lower() == wanted for key in value)
    return isinstance(value, dict) and name in value


def apply(function: str, subject: Any, arguments: list[Any], scope: Scope) -> Any:
    """Return what a function says of its subject. Raises ScriptError."""
    entry = scope.functions.get(function)
    if entry is None:
        raise ScriptError(f"unknown function {function}", kind="type")
    if not entry.fewest <= len(arguments) <= entry.most:
        raise ScriptError(f".{function} takes {entry.arity} arguments", kind="type")
    if not entry.whole:
        subject, arguments = default_property(subject), list(map(default_property, arguments))
    spend(2)
    if entry.cost is Cost.SIZED:
        for each in (subject, *arguments):
            spend_on(each)
    try:
        return entry.call(scope, subject, *arguments)
    except ODD_VALUE as odd:
        raise of_odd_value(odd) from odd


def default_property(value: Any) -> Any:
    """Return what a map with a property `$` stands for (3.3); any other value as it is."""
    return value["$"] if isinstance(value, dict) and "$" in value else value


def arguments_for(function: str, trees: list[Tree], scope: Scope) -> list[Any]:
    """Return the arguments of a function as it reads them: values, or for later."""
    entry = scope.functions.get(function)
    if entry is not None and entry.is_later:
        return [Later(each, scope) for each in trees]
    return [evaluate(each, scope) for each in trees]


def _text(tree: Tree, scope: Scope) -> str:
    texts: list[str] = []
    length = 0
    for part in tree[1]:
        texts.append(part if isinstance(part, str) else to_text(evaluate(part, scope)))
        length += len(texts[-1])
        if length > limits.text_characters:
            raise ScriptError("the text is too long", kind="limit")
    spend(2 + length // 100)
    return "".join(texts)


def _auto(tree: Tree, scope: Scope) -> Any:
    value = evaluate(tree[1], scope)
    if has(value, tree[2]):
        return prop(value, tree[2])
    return apply(tree[2], value, [], scope)


def _call(tree: Tree, scope: Scope) -> Any:
    entry = scope.functions.get(tree[2])
    arguments = arguments_for(tree[2], tree[3], scope)
    if tree[1] is not None:
        return apply(tree[2], evaluate(tree[1], scope), arguments, scope)
    if entry is not None and entry.prefix is not None:
        return entry.prefix(scope, *arguments)
    if entry is None or entry.subjectless:
        return apply(tree[2], None, arguments, scope)
    if not arguments:  # of the context itself (4.6)
        return apply(tree[2], scope.row, [], scope)
    first = arguments[0].value() if entry.is_later else arguments[0]
    return apply(tree[2], first, arguments[1:], scope)


def _each(tree: Tree, scope: Scope) -> Any:
    """The rest of a chain, for every item; a test must hold of all of them."""
    items = evaluate(tree[1], scope)
    items = items if isinstance(items, list) else [] if is_empty(items) else [items]
    spend(3 * len(items))
    results = [evaluate(tree[2], replace(scope, row=item)) for item in items]
    return all(map(truth, results)) if tree[3] else bounded(results)


def _when(tree: Tree, scope: Scope) -> bool:
    return all(truth(evaluate(each, scope)) for each in tree[1])


def _map(tree: Tree, scope: Scope) -> dict[str, Any]:
    result: dict[str, Any] = {}
    spend(2 + len(tree[1]))
    for key, part, *merges in tree[1]:
        value = evaluate(part, scope)
        if key is None or (merges and isinstance(value, dict)):
            if not is_empty(value) and not isinstance(value, dict):
                raise ScriptError("only a map can be merged into a map", kind="type")
            spend(len(value or {}) // 10)
            result.update(value or {})
        else:
            result[key if isinstance(key, str) else to_text(evaluate(key, scope))] = value
    return result


def _list(tree: Tree, scope: Scope) -> list[Any]:
    spend(2 + len(tree[1]))
    return bounded([evaluate(part, scope) for part in tree[1]])


def bounded(items: list[Any]) -> list[Any]:
    """Return a list that is not too long. Raises ScriptError."""
    if len(items) > limits.list_items:
        raise ScriptError("the list is too long", kind="limit")
    return items


def _merge(tree: Tree, scope: Scope) -> Any:
    values = [(name, evaluate(part, scope)) for name, part in tree[1]]
    for _, each in values:
        spend(2 + (len(each) // 10 if isinstance(each, list | dict) else 0))
    if all(isinstance(value, list) for _, value in values):
        return bounded([item for _, value in values for item in value])
    merged: dict[str, Any] = {}
    for name, value in values:
        if isinstance(value, dict):
            merged.update(value)
        else:
            merged[name] = value
    return merged


def _project(tree: Tree, scope: Scope) -> Any:
    value = evaluate(tree[1], scope)
    if isinstance(value, list):
        spend(len(value) * (1 + len(tree[2])))
        return [{name: prop(row, name) for name in tree[2]} for row in value]
    return {name: prop(value, name) for name in tree[2]}


def _shape(tree: Tree, scope: Scope) -> Any:
    value = evaluate(tree[1], scope)
    shape = Format(tree[2], scope)
    return [shape.of(row) for row in value] if isinstance(value, list) else shape.of(value)


def _field(tree: Tree, scope: Scope) -> Any:
    value = scope.row
    for name in tree[1]:
        value = prop(value, name)
    return value


def _prop(tree: Tree, scope: Scope) -> Any:
    return prop(evaluate(tree[1], scope), tree[2])


_TABLE: dict[str, Callable[[Tree, Scope], Any]] = {
    "lit": lambda tree, scope: tree[1],
    "holder": lambda tree, scope: scope.holders.get(tree[1]),
    "input": lambda tree, scope: scope.inputs.get(str(tree[1])),
    "system": lambda tree, scope: scope.system(tree[1]),
    "prop": _prop,
    "auto": _auto,
    "call": _call,
    "computed": lambda tree, scope: prop(
        evaluate(tree[1], scope), to_text(evaluate(tree[2], scope))
    ),
    "project": _project,
    "shape": _shape,
    "or": lambda tree, scope: truth(evaluate(tree[1], scope)) or truth(evaluate(tree[2], scope)),
    "text": _text,
    "list": _list,
    "map": _map,
    "merge": _merge,
    "field": _field,
    "each": _each,
    "when": _when,
    "act": lambda tree, scope: True,
    "format": lambda tree, scope: Format(tree[1], scope),
}
