"""Empties the database after a test that commits: what was filled is a few tables of forty.

Django's flush empties them all, and makes permissions and content types anew each time.
"""

from __future__ import annotations

from functools import cache

from django.db import connection, transaction

# The same for every test: what migrations make of the code.
KEPT = {"auth_permission", "django_content_type", "auth_group", "auth_group_permissions"}


def empty_database(_: object = None) -> None:
    """Delete every row that a test can have made; any order will do, constraints are deferred."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_filled())
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608


@cache
def _filled() -> str:
    """Return the statement that names the tables with a row in them."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608
        for table in tables
    )
