"""Statements composed once, for rows so hot that composing their SQL is most of what they cost.

Each does what the manager's method of the same meaning does, on either database, and no more: one
relation at most, no signals. What is not on the path of every message is better off with the
manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection, transaction
from django.db.models import Field, Model

M = TypeVar("M", bound=Model)

# How a row is locked, in the words of PostgreSQL; SQLite has one lock for the whole database. Never
# with its key (FOR UPDATE): whoever inserts a row that refers to it looks at the key when he
# commits, holding all that he has locked.
FOR_NO_KEY_UPDATE = "FOR NO KEY UPDATE"
FOR_SHARE = "FOR SHARE"
NOWAIT = " NOWAIT"


def refuse_in_transaction() -> None:
    """Raise RuntimeError when a transaction is open: seconds of network would hold its locks."""
    if connection.in_atomic_block:  # which a test's own does not count for
        with transaction.atomic(durable=True):
            pass


def _fields(model: type[Model], names: Iterable[str]) -> list[Field[Any, Any]]:
    found = [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]
    return [field for field in found if isinstance(field, Field)]


def _column(field: Field[Any, Any]) -> str:
    return f'"{field.model._meta.db_table}"."{field.column}"'


def _equal(fields: Iterable[Field[Any, Any]], joint: str) -> str:
    return joint.join(f'"{field.column}" = %s' for field in fields)


# The text of a statement and what stands in its places.
Statement = tuple[str, Sequence[Any]]


def together(*statements: Statement) -> list[int]:
    """Execute statements in this order; return how many rows each of them changed.

    They travel together to a database server, which answers once.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return [_changed(cursor, statement) for statement in statements]
        texts, values = zip(*statements, strict=True)
        counts = [_changed(cursor, (";\n".join(texts), [v for each in values for v in each]))]
        while cursor.nextset():
            counts.append(int(cursor.rowcount))
        return counts


def _changed(cursor: Any, statement: Statement) -> int:
    cursor.execute(*statement)
    return int(cursor.rowcount)


def stored(fields: Sequence[Field[Any, Any]], values: Sequence[Any]) -> list[Any]:
    """Return values as the database takes them."""
    pairs = zip(fields, values, strict=True)
    return [field.get_db_prep_save(value, connection) for field, value in pairs]


class Select(Generic[M]):
    """Rows of a model whose fields `by` have given values; `rest` is SQL that follows.

    `follow` names a foreign key that is never empty: the row it refers to comes along.
    """

    def __init__(
        self, model: type[M], *by: str, rest: str = "", lock: str = "", follow: str = ""
    ) -> None:
        self.model, self.by, self.rest, self.lock, self.follow = model, by, rest, lock, follow
        self._converters: dict[str, list[tuple[int, list[Any], Any]]] = {}

    @cached_property
    def _keys(self) -> list[Field[Any, Any]]:
        return _fields(self.model, self.by)

    @cached_property
    def _models(self) -> list[type[Model]]:
        if not self.follow:
            return [self.model]
        followed = self.model._meta.get_field(self.follow).related_model
        return [self.model, followed]  # type: ignore[list-item]

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        return [field for model in self._models for field in model._meta.concrete_fields]

    @cached_property
    def _names(self) -> list[list[str]]:
        return [[field.attname for field in m._meta.concrete_fields] for m in self._models]

    @cached_property
    def columns(self) -> str:
        """All columns, in the order that `loaded` takes them."""
        return ", ".join(_column(field) for field in self._fields)

    @cached_property
    def _sql(self) -> str:
        source = f'"{self.model._meta.db_table}"'
        if self.follow:
            [key] = _fields(self.model, [self.follow])
            followed = self._models[1]._meta
            source += f' INNER JOIN "{followed.db_table}"'
            source += f" ON {_column(key)} = {_column(followed.pk)}"
        where = " AND ".join(f"{_column(field)} = %s" for field in self._keys)
        return f"SELECT {self.columns} FROM {source} WHERE {where} {self.rest}"  # noqa: S608 - names only

    def all(self, *values: Any) -> list[M]:
        """Return the rows with these values, in the order of `by`."""
        sql = self._sql
        if self.lock and connection.features.has_select_for_update:
            if not connection.in_atomic_block:
                raise transaction.TransactionManagementError("a lock needs a transaction")
            sql = f"{sql} {self.lock}"
        with connection.cursor() as cursor:
            cursor.execute(sql, stored(self._keys, values))
            return [self.loaded(row) for row in cursor.fetchall()]

    def first(self, *values: Any) -> M | None:
        """Return the first of the rows with these values, or None."""
        return next(iter(self.all(*values)), None)

    def get(self, *values: Any) -> M:
        """Return the row with these values. Raises the model's DoesNotExist."""
        row = self.first(*values)
        if row is None:
            raise self.model.DoesNotExist(f"no {self.model.__name__} {values}")  # type: ignore[attr-defined]
        return row

    def loaded(self, row: Sequence[Any]) -> M:
        """Return the instance that a row of all columns spells."""
        values = list(row)
        for index, converters, expression in self._conversions():
            for convert in converters:
                values[index] = convert(values[index], expression, connection)
        own = len(self._names[0])
        found = self.model.from_db(connection.alias, self._names[0], values[:own])
        if self.follow:
            followed = self._models[1].from_db(connection.alias, self._names[1], values[own:])
            setattr(found, self.follow, followed)
        return found

    def _conversions(self) -> list[tuple[int, list[Any], Any]]:
        known = self._converters.get(connection.vendor)
        if known is None:
            known = []
            for index, field in enumerate(self._fields):
                expression = field.get_col(field.model._meta.db_table)
                converters = connection.ops.get_db_converters(expression)
                converters = [*converters, *expression.get_db_converters(connection)]
                if converters:
                    known.append((index, converters, expression))
            self._converters[connection.vendor] = known
        return known


# Which transaction wrote a row: one that is still at work and whose row we see is our own. The row
# has the lower half of the number, the upper half is that of now.
OURS = """
SELECT pg_xact_status(
    ((pg_current_xact_id()::text::bigint >> 32) << 32 | xmin::text::bigint)::text::xid8
) = 'in progress' FROM "%s" WHERE %s = %%s
"""


def others_write() -> bool:
    """Say whether others may write while this transaction is open: on SQLite nobody can."""
    return connection.vendor == "postgresql"


def is_ours(model: type[Model], pk: Any) -> bool:
    """Say whether this transaction itself has written a row. PostgreSQL only."""
    key = model._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(OURS % (model._meta.db_table, _column(key)), stored([key], [pk]))
        found = cursor.fetchone()
    return bool(found and found[0])


def keep(model: type[Model], pk: Any) -> None:
    """Let nobody change a row until the transaction ends; reading and referring to it go on."""
    if not others_write():
        return
    key = model._meta.pk
    sql = f'SELECT 1 FROM "{model._meta.db_table}" WHERE {_column(key)} = %s FOR SHARE'  # noqa: S608 - names only
    with connection.cursor() as cursor:
        cursor.execute(sql, stored([key], [pk]))


class Update:
    """Sets fields of a model's rows whose fields `by` have given values; `rest` is SQL after."""

    def __init__(self, model: type[Model], *by: str, sets: Sequence[str], rest: str = "") -> None:
        self.model, self.by, self.sets, self.rest = model, by, sets, rest

    @cached_property
    def _written(self) -> list[Field[Any, Any]]:
        return _fields(self.model, (*self.sets, *self.by))

    @cached_property
    def _sql(self) -> str:
        sets, keys = self._written[: len(self.sets)], self._written[len(self.sets) :]
        table = self.model._meta.db_table
        return (
            f'UPDATE "{table}" SET {_equal(sets, ", ")} WHERE {_equal(keys, " AND ")} {self.rest}'  # noqa: S608 - names only
        )

    def __call__(self, *values: Any) -> int:
        """Write the values of `sets` where `by` has the values that follow; return how often."""
        with connection.cursor() as cursor:
            return _changed(cursor, self.statement(*values))

    def statement(self, *values: Any) -> Statement:
        """Return what a call with these values executes."""
        return self._sql, stored(self._written, values)


_inserts: dict[type[Model], tuple[str, list[Field[Any, Any]]]] = {}


def insert_new(row: Model) -> bool:
    """Insert a row unless one of its unique keys is taken; say whether it was inserted.

    A key that another transaction is inserting is waited for. Gives no primary key back.
    """
    with connection.cursor() as cursor:
        inserted = _changed(cursor, insertion(row)) == 1
    row._state.adding, row._state.db = not inserted, connection.alias
    return inserted


def insertion(row: Model) -> Statement:
    """Return what insert_new executes."""
    sql, fields = _inserts.get(type(row)) or _compose_insert(type(row))
    return sql, stored(fields, [getattr(row, field.attname) for field in fields])


def _compose_insert(model: type[Model]) -> tuple[str, list[Field[Any, Any]]]:
    serial = model._meta.auto_field
    fields = [field for field in model._meta.concrete_fields if field is not serial]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    _inserts[model] = (
        f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places}) '  # noqa: S608 - names only
        "ON CONFLICT DO NOTHING",
        fields,
    )
    return _inserts[model]
