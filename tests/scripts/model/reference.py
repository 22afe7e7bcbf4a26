"""What must be true of runs, mailboxes, wake-ups and messages: the engine as a page of Python.

Nothing here knows a database, a crash or a lock: a method is a fact that the engine committed. A
script's twin is a generator, which yields what it waits for, or None where it pauses.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

OWN = "domain:theatre.test"
FOREVER = datetime.max.replace(tzinfo=UTC)
LONGEST = timedelta(days=30)
WEEK = timedelta(days=7)
ATTEMPTS, CALL_ATTEMPTS = 8, 12
Wait = tuple[str, datetime, str]  # mailbox, deadline, who may answer
Play = Generator[Wait | None, Any, Any]
FINAL = ("DONE", "FAILED", "DECLINED")
SET_ASIDE = (*FINAL, "QUARANTINED")


class Ended(Exception):
    """The script ends as FAILED or DECLINED; what its segment did is taken back."""


@dataclass
class Box:
    state: str = "IDLE"
    run: str | None = None
    deadline: datetime = FOREVER
    expects: str = ""
    # source -> [origin, value, state, at]
    mail: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class Message:
    run: str
    expires: datetime
    call: bool = False
    state: str = "DUE"
    attempts: int = 0


@dataclass
class Run:
    play: Play | None = None
    state: str = "READY"
    rev: int = 0
    sent: int = 0
    prompts: int = 0
    box: str | None = None
    result: Any = None


@dataclass
class Reference:
    now: datetime
    runs: dict[str, Run] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    owed: dict[str, list[int]] = field(default_factory=dict)  # run -> [generation, attempts]
    timers: dict[str, datetime] = field(default_factory=dict)
    outbox: dict[str, Message] = field(default_factory=dict)

    def is_over(self) -> bool:
        ended = all(run.state in FINAL for run in self.runs.values())
        return ended and all(message.state != "DUE" for message in self.outbox.values())

    def wake(self, name: str) -> None:
        self.owed.setdefault(name, [0, 0])[0] += 1

    def fire(self) -> None:
        for name in [name for name, due in self.timers.items() if due <= self.now]:
            del self.timers[name]
            self.wake(name)

    def settle(self, name: str, gen: int) -> None:
        """Only the claimed wake-up is done with: a newer one stays, with all its attempts."""
        if name in self.owed and self.owed[name][0] == gen:
            del self.owed[name]
        elif name in self.owed:
            self.owed[name][1] = 0

    def set_aside(self, name: str) -> None:
        """Its chat, if it has one, is told that it is looked after."""
        run = self.runs[name]
        if run.prompts:
            key = f"{name}:{run.rev}:1"
            self.outbox[key] = Message(name, self.now + WEEK)
            run.prompts += 1
        run.state, run.rev = "QUARANTINED", run.rev + 1
        self.timers.pop(name, None)
        self.owed.pop(name, None)

    def retry(self, name: str) -> None:
        self.runs[name].state = "READY"
        self.runs[name].rev += 1
        self.wake(name)

    def signal(self, name: str, source: str, origin: str, value: Any) -> str:
        box = self.boxes.setdefault(name, Box())
        if source in box.mail:
            return str(box.mail[source][2])
        said = "LATE" if box.state == "CLOSED" else "NEW"
        if box.state == "OPEN" and origin != box.expects:
            said = "REFUSED"
        elif box.state == "OPEN" and box.run is not None:
            in_time = self.now < box.deadline
            box.state, said = ("FILLED", "NEW") if in_time else ("CLOSED", "LATE")
            self.wake(box.run)
        box.mail[source] = [origin, value, said, self.now]
        return said

    def advance(self, name: str, gen: int) -> None:
        """Go on until the run waits, pauses or ends: one segment, all of it or (failed) nothing."""
        run, paused = self.runs[name], False
        if run.state not in SET_ASIDE:
            before = copy.deepcopy((self.boxes, self.owed, self.outbox))
            try:
                paused = self._segment(name, run)
            except Ended as end:
                self.boxes, self.owed, self.outbox = before
                self._end(name, str(end), None)
            except StopIteration as end:
                self._end(name, "DONE", end.value)
            run.rev += 1
        self.settle(name, gen)
        if paused:
            self.wake(name)

    def _segment(self, name: str, run: Run) -> bool:
        run.state, run.sent, answer = "WAITING", 0, None
        while True:
            if run.box is not None:
                decided, answer = self._take(self.boxes[run.box])
                if not decided:
                    self.timers[name] = self.boxes[run.box].deadline
                    return False
                run.box = None
            assert run.play is not None
            wanted = run.play.send(answer)
            if wanted is None:
                run.state = "READY"
                return True
            run.box, until, expects = wanted
            box = self.boxes.setdefault(run.box, Box())
            if box.run not in (None, name):
                raise Ended("FAILED")
            box.state, box.run, box.expects = "OPEN", name, expects
            box.deadline = min(until, self.now + LONGEST)

    def _take(self, box: Box) -> tuple[bool, Any]:
        """Return whether the wait is over, and the answer: one winner, told NEW or nobody."""
        for mail in sorted(box.mail.values(), key=itemgetter(3)):
            if mail[2] != "NEW" or box.state == "CLOSED":
                continue
            mail[2] = "CONSUMED" if mail[0] == box.expects else "REFUSED"
            if mail[2] == "CONSUMED":
                box.state, box.run = "IDLE", None
                return True, mail[1]
        if box.state != "CLOSED" and box.deadline > self.now:
            return False, None
        box.state, box.run = "CLOSED", None
        return True, None

    def _end(self, name: str, state: str, result: Any) -> None:
        run = self.runs[name]
        run.state, run.box, run.result = state, None, result
        self.timers.pop(name, None)
        for box in self.boxes.values():
            if box.run == name:
                box.state, box.run = "CLOSED", None

    def delivered(self, key: str, outcome: str) -> bool:
        """Return whether this attempt ends the message; who waits for its answer is told."""
        message = self.outbox[key]
        tired = message.call and message.attempts >= CALL_ATTEMPTS
        if outcome == "answers" and self.now < message.expires:
            message.state = "SENT"
        elif outcome == "refuses" or tired or self.now >= message.expires:
            message.state = "DEAD"
        if message.call and message.state != "DUE":
            value = {"Status": "FINE"} if message.state == "SENT" else None
            self.signal(key, "response", f"response:{key}", [value])
        return message.state != "DUE"
