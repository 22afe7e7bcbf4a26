"""Rows between SQLite and JSON, as they were at the migrations of their time."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

APPS = ("messaging", "scripts", "host", "issuer", "broker", "wallets")
Rows = dict[str, dict[str, list[Any]]]  # table -> its columns, and its rows as lists


def take_rows() -> Rows:
    """Return all rows of our tables as SQLite stores them."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    taken = {}
    with connection.cursor() as cursor:
        for table in (model._meta.db_table for model in models):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - our own names
            names = [column[0] for column in cursor.description]
            rows = [list(row) for row in cursor.fetchall()]
            if rows:
                taken[table] = {"columns": names, "rows": rows}
    return taken


def applied_migrations() -> dict[str, str]:
    """Return the newest migration applied, by app."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {app: max(name for owner, name in applied if owner == app) for app in APPS}


def put_rows(rows: Rows, migrations: dict[str, str]) -> None:
    """Make an empty database as it was at `migrations`, fill it, and migrate it to today's."""
    for app, name in migrations.items():
        call_command("migrate", app, name, verbosity=0)
    with transaction.atomic(), connection.cursor() as cursor:
        for table, entries in rows.items():
            columns = ", ".join(f'"{name}"' for name in entries["columns"])
            holes = ", ".join(["%s"] * len(entries["columns"]))
            insert = f'INSERT INTO "{table}" ({columns}) VALUES ({holes})'  # noqa: S608
            cursor.executemany(insert, entries["rows"])
    call_command("migrate", verbosity=0)
