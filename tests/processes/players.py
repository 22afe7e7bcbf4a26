"""Wallets that play flows without a pause, and somebody who looks at the rows meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from config.demo.server import Server
from scripts.selectors import untold_runs, unwakeable_runs
from tests.processes.flows import PATIENCE, Visitor
from wallets.client import WalletError
from wallets.client.events import Event

LOCATOR = ".HOST,theatre.test,ticket"
STUCK = [
    question().values("pk").query.sql_with_params() for question in (unwakeable_runs, untold_runs)
]


class Player(Visitor):
    """A visitor who opens the next chat as soon as the last one has ended."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder, server)
        self.enough = threading.Event()
        self.problem = ""
        self.thread = threading.Thread(target=self._play, daemon=True)

    def go_to(self, server: Server) -> None:
        """From now on, find all domains at another server."""
        self.wallet.transport.routes = [("*.test", server.url)]

    def ended(self) -> int:
        return len(self.shown("DONE")) + len(self.shown("FAIL"))

    def _play(self) -> None:
        try:
            while not self.enough.is_set():
                before = self.ended()
                self._locate()
                self._talk(before + 1)
        except (AssertionError, WalletError) as error:
            self.problem = repr(error)

    def _locate(self) -> None:
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                self.wallet.locate(LOCATOR)
                return
            except WalletError:  # the server is away; a chat it opened all the same is played too
                assert time.monotonic() < limit, "no server came back"
                time.sleep(0.2)

    def _talk(self, flows: int) -> None:
        limit = time.monotonic() + PATIENCE
        while self.ended() < flows:
            assert time.monotonic() < limit, [event.text for event in self.happened[-20:]]
            self.look()

    def look(self) -> None:
        """Fetch what waits. What happened counts also when the server goes away meanwhile."""
        try:
            self.wallet.poll(wait=0.5, tell=self._note)
        except WalletError:
            time.sleep(0.2)

    def _note(self, news: list[Event]) -> None:
        self.happened += news


class Watcher:
    """Asks again and again whether a run is stuck, on a connection of its own."""

    def __init__(self, server: Server) -> None:
        self.url = server.environment["DATABASE_URL"]
        self.ending = threading.Event()
        self.looks = 0
        self.stuck: list[Any] = []
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.thread.join(timeout=10)

    def _watch(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.ending.wait(0.1):
                for statement, parameters in STUCK:
                    self.stuck += connection.execute(statement, parameters).fetchall()
                self.looks += 1
