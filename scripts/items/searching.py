"""Searches of a dataset: its rows a few at a time, as many as the database cannot leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from scripts.items.definition import Definition
from scripts.items.narrowing import narrowed
from scripts.items.rules import in_view, outside
from scripts.language.checking import Assertion
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope
from scripts.language.limits import limits
from scripts.language.values import Item as Value
from scripts.language.values import decode
from scripts.language.work import spend
from scripts.models import Item, ItemSet
from scripts.registry import Row

ROWS_AT_ONCE = 500  # that are looked through


def search(
    owner: ItemSet,
    definition: Definition,
    view: str = "",
    keep: Callable[[Row], bool] | None = None,
    where: Assertion | None = None,
) -> list[Row]:
    """Return all rows, or those of a view, which `keep` holds of, oldest first.

    They are read so many at a time: only what is found may be too much. `where` is what `keep`
    asserts, for the database to leave out what cannot satisfy it. Raises ScriptError.
    """
    seen = 0
    found: list[Row] = []
    try:
        for row in _stream(owner, _asserted(definition, view, where)):
            seen += 1
            if view and not in_view(definition, view, value_of(row)):
                continue
            made = as_row(row)
            if keep is None or keep(made):
                found.append(made)
            if len(found) > limits.list_items:
                break
    except ScriptError as error:
        if error.kind != "limit":
            raise
        told = f"{error.message} (the search of {owner.name} had looked at {seen} rows)"
        raise ScriptError(told, "limit") from None
    if len(found) > limits.list_items:
        what = f"the view {view} of {owner.name}" if view else owner.name
        raise ScriptError(f"{what}: more than {limits.list_items} rows match", "limit")
    return found


def _asserted(
    definition: Definition, view: str, where: Assertion | None
) -> Iterator[tuple[dict[str, Any], Scope]]:
    if view:
        yield definition.views[view], outside(None)
    if where is not None:
        yield where.compiled, where.scope


def _stream(owner: ItemSet, asserted: Iterable[tuple[dict[str, Any], Scope]]) -> Iterator[Item]:
    """Yield the rows that may satisfy assertions, oldest first; each is counted as work."""
    rows = Item.objects.filter(set=owner, deleted_at=None).order_by("pk")
    rows = narrowed(rows, asserted)
    after = UUID(int=0)
    while True:
        batch = list(rows.filter(pk__gt=after)[:ROWS_AT_ONCE])
        for row in batch:
            spend(20 + len(row.data))
            row.set = owner
            yield row
        if len(batch) < ROWS_AT_ONCE:
            return
        after = batch[-1].pk


def value_of(row: Item) -> Value:
    """Return a row as the value that scripts hold."""
    fields = {"ID": str(row.pk), "STATE": row.state, **decode(row.data)}
    return Value(fields, set=row.set.name, key=str(row.pk), state=row.state, version=row.version)


def as_row(row: Item) -> Row:
    return Row(key=str(row.pk), fields=dict(value_of(row)), version=row.version)
