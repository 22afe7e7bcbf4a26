"""Runs the workers and the scheduler beside the web process, and starts again what dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from config import lifeline

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
SHORTEST_LIFE = 5.0  # a child that dies sooner is started again only after a pause
RESTART_PAUSE = 1.0
GRACE_SECONDS = 5.0


def celery_commands(workers: int) -> list[list[str]]:
    """Return the command lines of `workers` workers, one that posts elsewhere, and a scheduler.

    Who posts waits, and computes nothing: it works with threads, a lane each.
    """
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    quiet = ["--without-gossip", "--without-mingle", "-l", "WARNING"]
    commands = [
        [*celery, "worker", "-Q", "advance,outbox,sweep", "-c", "1", "-n", f"w{n}@%h", *quiet]
        for n in range(workers)
    ]
    commands.append([*celery, "worker", "-Q", "post", "-P", "threads", "-n", "post@%h", *quiet])
    scheduler = "config.embedded:MemoryScheduler"
    return [*commands, [*celery, "beat", "-l", "WARNING", "--scheduler", scheduler]]


class Group:
    """Processes that live together; each is started again when it ends, and none outlives us.

    Each leads a process group of its own, so that nothing which it started outlives it either. One
    thread starts, watches and ends them all: a child is killed when the thread that started it is
    gone (config/lifeline.py).
    """

    def __init__(self, commands: Sequence[list[str]]) -> None:
        self.commands = list(commands)
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.due = dict.fromkeys(range(len(self.commands)), 0.0)  # when to start it
        self.started = dict(self.due)
        # A plain flag, because a handler of signals sets it, which must take no lock.
        self.ending = False
        self.keeper = threading.Thread(target=self._keep, name="group", daemon=True)

    def start(self) -> None:
        """Start all, and look after them."""
        self.keeper.start()

    def end(self) -> None:
        """Ask every child to end, insist after a grace, and return when all are gone."""
        self.ending = True
        if self.keeper.is_alive():
            self.keeper.join()

    def _keep(self) -> None:
        while not self.ending:
            for number in self.due:
                self._look_after(number)
            time.sleep(LOOK_SECONDS)
        self._end_all()

    def _look_after(self, number: int) -> None:
        child, now = self.children.get(number), time.monotonic()
        if child is not None:
            if child.poll() is None:
                return
            lived = now - self.started[number]
            log.warning("child_ended", code=child.returncode, lived=round(lived, 1))
            self._kill(self.children.pop(number))
            self.due[number] = now + (RESTART_PAUSE if lived < SHORTEST_LIFE else 0.0)
        if now >= self.due[number]:
            self._start_one(number)

    def _start_one(self, number: int) -> None:
        self.started[number] = time.monotonic()
        try:
            self.children[number] = subprocess.Popen(  # noqa: S603 - our own
                self.commands[number],
                env={**os.environ, lifeline.VARIABLE: str(os.getpid())},
                process_group=0,
            )
        except OSError as error:  # no memory, no process left: the others must not suffer
            log.error("child_not_started", command=self.commands[number], error=str(error))
            self.due[number] = time.monotonic() + RESTART_PAUSE

    def _end_all(self) -> None:
        for child in self.children.values():
            child.terminate()
        limit = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(limit - time.monotonic(), 0.1))
            self._kill(child)

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        """Kill a child and all that it started, also what hangs or is stopped."""
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
