"""A test's own quick look into a server's tables, beside the server."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg

from config.demo.server import Server

STATES = "SELECT value FROM {side}_tokenevent WHERE kind = 'STATE'"


class Tables:
    """One connection that only reads; a second look costs nothing and disturbs nobody."""

    def __init__(self, server: Server) -> None:
        url = server.environment.get("DATABASE_URL", "")
        self.connection: sqlite3.Connection | psycopg.Connection[tuple[str]]
        if url.startswith("postgres"):
            self.connection = psycopg.connect(url, autocommit=True)
        else:
            path = server.folder / "db.sqlite3"
            self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)

    def states(self, side: str) -> set[str]:
        """Return the states that tokens have been in at a side."""
        return {row[0] for row in self.connection.execute(STATES.format(side=side))}

    def close(self) -> None:
        self.connection.close()


def states(server: Server, side: str) -> set[str]:
    """Return the states that tokens have been in at a side."""
    with closing(Tables(server)) as tables:
        return tables.states(side)
