"""The rows of operators' datasets: inserted once, changed under a guard, deleted with time to undo.

Every change is one transaction with its history, and with the runs of its handlers, which the
receiver of `post_save` starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from messaging import clock
from messaging.each import each
from messaging.syntax import is_uuid
from scripts.errors import missing, refused
from scripts.items.definition import ENGINE, Definition, read_definition
from scripts.items.holding import Holding
from scripts.items.rules import Change, broken_rule, in_view
from scripts.items.searching import as_row, search, value_of
from scripts.language.checking import Assertion
from scripts.language.errors import ScriptError
from scripts.language.limits import limits
from scripts.language.values import Item as Value
from scripts.language.values import as_time, decode, encode, is_empty, to_text
from scripts.models import Item, ItemHistory, ItemSet, Run
from scripts.registry import Dataset, Row, Write

log = structlog.get_logger(__name__)

KEY_CHARACTERS = 400
STATE_CHARACTERS = 50
PURGED_AT_ONCE = 200
MOST_IN_A_ROW = 50  # events, each of them made by the handler of another


def dataset(domain: str, name: str, holding: Holding | None = None) -> Dataset | None:
    """Return the dataset of a hosted domain, or a view of one (`Library.Loans.OPEN`), or None.

    What is read and written through it is held by `holding` until the commit.
    """
    found = ItemSet.objects.filter(domain=domain, name__iexact=name).first()
    view = ""
    if found is None and name.count(".") > 1:
        base, _, view = name.rpartition(".")
        found = ItemSet.objects.filter(domain=domain, name__iexact=base).first()
    if found is None:
        return None
    items = Items(found, holding)
    if view and view not in items.definition.views:
        return None
    return Dataset(
        read=lambda _, key: items.read(key, view),
        insert=items.insert,
        update=items.update,
        delete=items.delete,
        find=lambda _, keep=None, where=None: items.find(view, keep, where),
        keys=items.definition.keys,
        parents=items.definition.parents,
        whole=True,
    )


class Items:
    """The rows of one dataset, held for as long as the transaction that reads or writes them."""

    def __init__(self, owner: ItemSet, holding: Holding | None = None) -> None:
        self.owner = owner
        self.holding = Holding() if holding is None else holding
        self.definition: Definition = read_definition(owner.source, owner.name)

    # -- reading ----------------------------------------------------------------------------

    def read(self, key: Any, view: str = "") -> Row | None:
        """Return the row with a key in one of its three forms, or with an ID (8.2)."""
        self.holding.ask(self.owner.pk)
        row = self._by_key(key)
        if row is None or (view and not in_view(self.definition, view, value_of(row))):
            return None
        return as_row(row)

    def _by_key(self, key: Any) -> Item | None:
        rows = Item.objects.filter(set=self.owner, deleted_at=None)
        if isinstance(key, dict):
            given = {name.lower(): part for name, part in key.items()}
            if given.keys() == {"id"}:
                return self._with_id(given["id"])
            if given.keys() != {name.lower() for name in self.definition.keys}:
                raise ScriptError(f"the key of {self.owner.name} is {self._key_names()}", "type")
            return self._own(rows.filter(key=self._key(given)).first())
        parts = key if isinstance(key, list) else [key]
        if self.definition.keys and len(parts) == len(self.definition.keys):
            names = [name.lower() for name in self.definition.keys]
            row = rows.filter(key=self._key(dict(zip(names, parts, strict=True)))).first()
            if row is not None:
                return self._own(row)
        elif len(parts) > 1:
            raise ScriptError(f"the key of {self.owner.name} is {self._key_names()}", "type")
        return self._with_id(key)

    def _with_id(self, key: Any) -> Item | None:
        if not is_uuid(key):
            return None
        return self._own(Item.objects.filter(set=self.owner, deleted_at=None, pk=key).first())

    def _key_names(self) -> str:
        return ", ".join(self.definition.keys) or "its ID"

    def find(
        self,
        view: str = "",
        keep: Callable[[Row], bool] | None = None,
        where: Assertion | None = None,
    ) -> list[Row]:
        """Return the rows that `searching.search` finds. Raises ScriptError."""
        self.holding.ask(self.owner.pk)
        return search(self.owner, self.definition, view, keep, where)

    # -- writing ----------------------------------------------------------------------------

    def insert(self, write: Write) -> Row:
        """Insert a row; the same again is no second event, the same key otherwise is BLOCKED."""
        data, state, purge_at, _ = self._given(write.fields, {})
        for name in self.definition.keys:
            if is_empty(data.get(name)):
                raise ScriptError(f"{self.owner.name} needs {name}, which is in its key", "type")
        lowered = {name.lower(): part for name, part in data.items()}
        row = Item(set=self.owner, state=state or "", data=encode(data), purge_at=purge_at)
        row.key = self._key(lowered) if self.definition.keys else str(row.pk)
        self.holding.change(self.owner.pk)
        old = self._locked(key=row.key)
        if old is not None and old.deleted_at is not None:
            old.delete()
            old = None
        if old is not None:
            return self._again(old, data, state)
        try:
            with transaction.atomic():
                return self._save(row, "INSERTED", write, {}, data, "" if state else None)
        except IntegrityError:
            old = self._locked(key=row.key)
            if old is None:
                raise
            return self._again(old, data, state)

    def _again(self, row: Item, data: dict[str, Any], state: str | None) -> Row:
        """Return the row that was inserted with the same content, whatever became of it since."""
        first = ItemHistory.objects.filter(item=row, version=1).first()
        if first is None or first.data != encode(data) or first.state != (state or ""):
            raise ScriptError(f"{self.owner.name}: the key is taken by another row", "blocked")
        return as_row(row)

    def update(self, write: Write) -> Row:
        """Change the properties given; what changes nothing is no event.

        Raises ScriptError OUTDATED when the row is not as it was read any more.
        """
        self.holding.change(self.owner.pk)
        row = self._locked(pk=write.key)
        restores = "delete" in {name.lower() for name in write.fields}
        if row is None or (row.deleted_at is not None and not restores):
            raise missing(self.owner.name)
        old = decode(row.data)
        given, state, purge_at, purge_given = self._given(write.fields, old)
        new = {name: part for name, part in given.items() if encode(old.get(name)) != encode(part)}
        state = row.state if state is None else state
        purge = purge_given and (purge_at != row.purge_at or row.deleted_at is not None)
        if not new and state == row.state and not purge:
            return as_row(row)
        self._guard(row, write)
        before = row.state if state != row.state else None
        row.data, row.state = encode({**old, **given}), state
        if purge_given:
            row.purge_at, row.deleted_at = purge_at, None
        changed = {name: old.get(name) for name in new}
        return self._save(row, "UPDATED", write, changed, new, before)

    def delete(self, write: Write, undo_until: datetime | None) -> Row:
        """Delete a row: out of sight at once, gone for good at `undo_until`, or soon."""
        self.holding.change(self.owner.pk)
        row = self._locked(pk=write.key)
        if row is None or row.deleted_at is not None:
            raise missing(self.owner.name)
        self._guard(row, write)
        row.deleted_at = clock.now()
        row.purge_at = undo_until or row.deleted_at
        return self._save(row, "DELETED", write, decode(row.data), {}, None)

    def _locked(self, **by: Any) -> Item | None:
        return self._own(
            Item.objects.select_for_update(no_key=True).filter(set=self.owner, **by).first()
        )

    def _own(self, row: Item | None) -> Item | None:
        if row is not None:
            row.set = self.owner
        return row

    def _guard(self, row: Item, write: Write) -> None:
        """In a handler of the row its state is the guard, elsewhere its version (8.5 rule 4)."""
        if write.version and write.version != row.version:
            raise ScriptError(
                f"{self.owner.name}: the row was changed since it was read", "outdated"
            )
        if not write.version and write.state != row.state and not _by_run(row, write.run):
            raise ScriptError(f"{self.owner.name}: the row has another state by now", "outdated")

    def _given(
        self, fields: dict[str, Any], old: dict[str, Any]
    ) -> tuple[dict[str, Any], str | None, datetime | None, bool]:
        """Return properties under their own spelling, STATE if given, and Delete if given."""
        spelt = {name.lower(): name for name in (*old, *self.definition.keys)}
        data: dict[str, Any] = {}
        state: str | None = None
        purge_at: datetime | None = None
        for name, part in fields.items():
            if name.lower() == "state":
                state = self._state(part)
            elif name.lower() == "delete":
                purge_at = None if is_empty(part) else as_time(part, clock.now())
            elif name.lower() not in ENGINE:
                data[spelt.setdefault(name.lower(), name)] = _stored(part)
        for name in self.definition.keys:
            if name in old and name in data and encode(old[name]) != encode(data[name]):
                raise refused(f"{name} is in the key of {self.owner.name} and cannot change")
        if len(json.dumps(encode(data))) > limits.holder_bytes:
            raise ScriptError(f"a row of {self.owner.name} is too large", "limit")
        return data, state, purge_at, "delete" in {name.lower() for name in fields}

    def _state(self, value: Any) -> str:
        state = to_text(value)
        if len(state) > STATE_CHARACTERS:
            raise refused("the STATE is too long")
        return state

    def _key(self, lowered: dict[str, Any]) -> str:
        parts = [to_text(lowered[name.lower()]) for name in self.definition.keys]
        text = parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)
        if len(text) > KEY_CHARACTERS:
            raise refused(f"the key of {self.owner.name} is too long")
        return text

    def _save(
        self,
        row: Item,
        event: str,
        write: Write,
        old: dict[str, Any],
        new: dict[str, Any],
        state_from: str | None,
    ) -> Row:
        """Save a row with its history; `post_save` starts the handlers of the change."""
        depth = _depth(write)
        row.version += 1
        row.updated_at = clock.now()
        if row.version == 1:
            row.created_at = row.updated_at
        if event != "DELETED":
            state_from = self._judge(row, state_from)
        row.change = Change(event, row.version, value_of(row), new, old, state_from)
        row.save()
        ItemHistory.objects.create(
            item=row,
            version=row.version,
            event=event,
            state=row.state,
            data=row.data,
            run=write.run,
            depth=depth,
            at=row.updated_at,
        )
        return as_row(row)

    def _judge(self, row: Item, state_from: str | None) -> str | None:
        """Mark a row that breaks a rule, and hold its change of state back until it keeps them.

        Returns the state that the row comes from, when a change of state is to be told now.
        """
        arrived = row.held_from if row.is_held else state_from
        row.invalid = broken_rule(self.definition, value_of(row), arrived)
        row.is_held = bool(row.invalid) and arrived is not None
        row.held_from = arrived or "" if row.is_held else ""
        if row.invalid:
            log.warning("item_invalid", set=self.owner.name, item=str(row.pk), rule=row.invalid)
            return None
        return arrived


def _depth(write: Write) -> int:
    """Return how many handlers of events, one after another, led to a write. Raises ScriptError."""
    kind, _, event = write.trigger.partition(":")
    if kind != "item":
        return 0
    item_id, _, version = event.partition(":")
    cause = ItemHistory.objects.filter(item_id=item_id, version=int(version)).first()
    depth = 1 if cause is None else cause.depth + 1
    if depth > MOST_IN_A_ROW:
        raise ScriptError(f"more than {MOST_IN_A_ROW} events, each of another's handler", "limit")
    return depth


def _by_run(row: Item, run: str) -> bool:
    """Say whether this run itself has made the last change of the row."""
    last = ItemHistory.objects.filter(item=row).order_by("-version").first()
    return last is not None and bool(run) and last.run == run


def _stored(value: Any) -> Any:
    """Return what a row keeps of a value: of another row its key, as a relation (5.4)."""
    return value.key if isinstance(value, Value) else value


def return_state(run: Run, holding: Holding, item_id: str, version: int, value: str) -> None:
    """Let a handler's RETURN be the new state of its row, in the transaction that ends its run.

    Only a state that the dataset declares; and only while the row's state is that of the event, or
    was changed by this run. Raises ScriptError OUTDATED.
    """
    row = _held_row(item_id, holding)
    if row is None or row.deleted_at is not None:
        return
    items = Items(row.set, holding)
    if value not in items.definition.states:
        log.warning("item_state_unknown", set=row.set.name, item=item_id, state=value[:50])
        return
    event = ItemHistory.objects.filter(item=row, version=version).first()
    state = row.state if event is None else event.state
    write = Write(row.set.domain, {"STATE": value}, item_id, state, str(run.pk), run.origin)
    items.update(replace(write, trigger=run.trigger))


def _held_row(pk: Any, holding: Holding) -> Item | None:
    """Return a row, locked, its dataset before it: in the order in which segments lock them."""
    number = Item.objects.filter(pk=pk).values_list("set_id", flat=True).first()
    if number is None:
        return None
    holding.change(number)
    rows = Item.objects.select_for_update(of=("self",), no_key=True).select_related("set")
    return rows.filter(pk=pk).first()


def purge() -> int:
    """Delete for good what its time has come for; return how many rows. DELETED comes before."""
    due = Item.objects.filter(purge_at__lte=clock.now()).order_by("purge_at")
    return sum(each("item", list(due.values_list("pk", flat=True)[:PURGED_AT_ONCE]), _purge_one))


def _purge_one(pk: Any) -> bool:
    with transaction.atomic():
        holding = Holding()
        row = _held_row(pk, holding)
        if row is None or row.purge_at is None or row.purge_at > clock.now():
            return False
        if row.deleted_at is None:
            write = Write(row.set.domain, {}, key=str(row.pk), version=row.version)
            Items(row.set, holding).delete(write, None)
        Item.objects.filter(pk=pk).delete()
        return True
