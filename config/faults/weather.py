"""The bad weather in the processes of a storm: deaths and delays at points, and a flaky wire.

Every process of a storm is forked from one that called begin(), so all share one clock, one switch
and one journal, and each draws its own chances.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from django.db import connections

from config.faults import poison
from config.faults.plan import die
from messaging import clock, points
from messaging.errors import Unreachable
from messaging.outbox import delivering
from messaging.transport import Reply
from scripts import wakes

LONGEST_HOLD = 0.4
LONGEST_BACKOFF = 2.0


@dataclass(frozen=True)
class Chances:
    """How probable what is, each time: at a point by its name, and for a message on its way."""

    kill: Mapping[str, float]
    hold: Mapping[str, float]
    drop: float = 0.15
    lose_answer: float = 0.03
    repeat: float = 0.15
    delay: float = 0.10


class Weather:
    """What the processes of a storm share."""

    def __init__(self, folder: Path, chances: Chances, seed: int) -> None:
        self.folder = folder
        self.chances = chances
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - a storm is repeatable, not secret
        self.offset: Any = RawValue("d", 0.0)
        self.blowing: Any = RawValue("i", 0)
        self.forks: Any = RawValue("i", 0)

    # -- shared by all --------------------------------------------------------------------------

    def begin(self) -> None:
        """Put this process and all forked from it under the weather."""
        clock.share(lambda: float(self.offset.value))
        poison.learn(lambda: self.journal("fault", "killer script"))
        # Eight attempts of a poisoned run should fit into a storm.
        wakes.BACKOFF_CAP = LONGEST_BACKOFF
        points.follow(self.at_point)
        delivering.carry = self.wire(delivering.carry)  # type: ignore[assignment]
        os.register_at_fork(after_in_child=self._reseed)

    def _reseed(self) -> None:
        # A race between two forks costs nothing: the process's id is in the seed too.
        self.forks.value += 1
        self.chance.seed(f"{self.seed} {self.forks.value} {os.getpid()}")

    def journal(self, *words: object) -> None:
        """Write one line that survives this process; appending is atomic."""
        line = " ".join(str(word) for word in words) + "\n"
        descriptor = os.open(self.folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line)

    # -- at the points --------------------------------------------------------------------------

    def at_point(self, name: str) -> None:
        """Die here, linger here, or pass."""
        if not self.blowing.value:
            return
        drawn = self.chance.random()
        if drawn < self.chances.kill[name]:
            self.journal("point", "kill", name)
            die()
        if drawn < self.chances.kill[name] + self.chances.hold[name]:
            self.journal("point", "hold", name)
            time.sleep(self.chance.uniform(0.01, LONGEST_HOLD))

    # -- on the wire ----------------------------------------------------------------------------

    def wire(self, post: Callable[[str, bytes], Reply]) -> Callable[[str, bytes], Reply]:
        """Return a way to post that loses, repeats and delays messages."""

        def carry(recipient: str, raw: bytes) -> Reply:
            kind = self.draw()
            if kind == "drop":
                raise Unreachable("dropped on the way")
            if kind == "delay":
                self._later(post, recipient, raw)
                raise Unreachable("on its way for long")
            reply = post(recipient, raw)
            if kind == "lose answer":
                raise Unreachable("the answer was lost")
            if kind == "repeat":
                for _ in range(self.chance.randint(1, 3)):
                    post(recipient, raw)
            return reply

        return carry

    def draw(self) -> str:
        """Return what happens to one message, and note it; empty when nothing does."""
        if not self.blowing.value:
            return ""
        chances = self.chances
        drawn = self.chance.random()
        for kind, chance in (
            ("drop", chances.drop),
            ("repeat", chances.repeat),
            ("delay", chances.delay),
            ("lose answer", chances.lose_answer),
        ):
            if drawn < chance:
                self.journal("message", kind)
                return kind
            drawn -= chance
        return ""

    def _later(self, post: Callable[[str, bytes], Reply], recipient: str, raw: bytes) -> None:
        """Let a message arrive after its sender has given it up for now."""

        def arrive() -> None:
            try:
                # The database may be away by then: a message lost after all.
                with suppress(Exception):
                    post(recipient, raw)
            finally:
                connections.close_all()

        timer = threading.Timer(self.chance.uniform(0.2, 3.0), arrive)
        timer.daemon = True
        timer.start()
