"""A test's own quick look into a server's tables, beside the server."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg

from config.demo.server import Server

STATES = "SELECT value FROM {side}_tokenevent WHERE kind = 'STATE'"


def states(server: Server, side: str) -> set[str]:
    """Return the states that tokens have been in at a side."""
    statement = STATES.format(side=side)
    url = server.environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url) as connection:
            return {row[0] for row in connection.execute(statement)}
    with closing(sqlite3.connect(server.folder / "db.sqlite3", timeout=5)) as connection:
        return {row[0] for row in connection.execute(statement)}
