"""Runs the workers and the scheduler beside the web process, and starts again what dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
SHORTEST_LIFE = 5.0  # a child that dies sooner is started again only after a pause
GRACE_SECONDS = 5.0


def celery_commands(workers: int) -> list[list[str]]:
    """Return the command lines of `workers` workers and one scheduler."""
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    quiet = ["--without-gossip", "--without-mingle", "-l", "WARNING"]
    commands = [
        [*celery, "worker", "-Q", "advance,outbox,sweep", "-c", "1", "-n", f"w{n}@%h", *quiet]
        for n in range(workers)
    ]
    scheduler = "config.embedded:MemoryScheduler"
    return [*commands, [*celery, "beat", "-l", "WARNING", "--scheduler", scheduler]]


class Group:
    """Processes that live together; each is started again when it ends."""

    def __init__(self, commands: Sequence[list[str]]) -> None:
        self.commands = list(commands)
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.started: dict[int, float] = {}
        self.ending = threading.Event()
        self.watcher = threading.Thread(target=self._watch, name="group", daemon=True)

    def start(self) -> None:
        """Start all, and watch them."""
        for number in range(len(self.commands)):
            self._start_one(number)
        self.watcher.start()

    def _start_one(self, number: int) -> None:
        self.started[number] = time.monotonic()
        self.children[number] = subprocess.Popen(self.commands[number])  # noqa: S603 - our own

    def _watch(self) -> None:
        while not self.ending.wait(LOOK_SECONDS):
            for number, child in list(self.children.items()):
                if child.poll() is None:
                    continue
                lived = time.monotonic() - self.started[number]
                log.warning("child_ended", code=child.returncode, lived=round(lived, 1))
                if lived < SHORTEST_LIFE and self.ending.wait(LOOK_SECONDS * 2):
                    return
                self._start_one(number)

    def end(self) -> None:
        """Ask every child to end, and insist after a grace."""
        self.ending.set()
        if self.watcher.is_alive():
            self.watcher.join()
        for child in self.children.values():
            child.terminate()
        limit = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            try:
                child.wait(timeout=max(limit - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
