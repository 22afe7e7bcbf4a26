"""Real servers for tests: embedded, or on the PostgreSQL and queue that the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from config.demo.server import NO_LIMITS, Server
from tests.processes.flows import Visitor

ON_SERVICES = os.environ.get("DATABASE_URL", "").startswith("postgres")


def own_queue(url: str) -> str:
    """Return the queue for this test process: beside another one, a Redis database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not url.startswith("redis") or not worker:
        return url
    return f"{url.rsplit('/', 1)[0]}/{1 + int(worker.removeprefix('gw'))}"


QUEUE = own_queue(os.environ.get("CELERY_BROKER_URL", ""))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that is not started yet, with a database of its own."""
    folder = tmp_path / "server"
    folder.mkdir()
    if not ON_SERVICES:
        yield from _ended(Server(folder, NO_LIMITS, embedded=True))
        return
    url = os.environ["DATABASE_URL"]
    name = f"countersign_{uuid4().hex[:12]}"
    _execute(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        scratch = url.rsplit("/", 1)[0] + f"/{name}"
        settings = {
            "DATABASE_URL": scratch,
            "CELERY_BROKER_URL": QUEUE,
            "HTTPS_ONLY": "0",
        } | NO_LIMITS
        yield from _ended(Server(folder, settings))
    finally:
        _execute(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _ended(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def visitor(server: Server, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody with a wallet at a server that has just been started."""
    server.start()
    visitor = Visitor(tmp_path / "alice", server)
    yield visitor
    visitor.wallet.close()
