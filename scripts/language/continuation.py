"""A run between two segments, and what may happen to it: all of it JSON, nothing of it alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scripts.language.values import decode, encode


class _TimedOut:
    def __repr__(self) -> str:
        return "TIMED_OUT"


TIMED_OUT = _TimedOut()


@dataclass(frozen=True)
class Wait:
    """Returned by a command to park; `memo` is given back to its resume."""

    memo: Any = None


@dataclass(frozen=True)
class Act:
    """Returned by a command to carry out the ACTION that was given as parameter `name`."""

    name: str


@dataclass(frozen=True)
class Enter:
    """Returned by a command to run a script, whose RETURN becomes the command's result."""

    version: str
    script: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A command with its evaluated arguments. `version` is that of the file it stands in."""

    word: str
    arguments: dict[str, Any]
    has_output: bool
    paired: bool
    version: str
    script: str
    line: int
    column: int


@dataclass
class Frame:
    """One invocation of one script. `out` is where its caller wants the result; `last` is the
    result that a THEN or ELSE looks at."""

    version: str
    script: str
    inputs: dict[str, Any] = field(default_factory=dict)
    holders: dict[str, Any] = field(default_factory=dict)
    pc: int = 0
    out: list[Any] | None = None
    last: bool = False

    def to_json(self) -> list[Any]:
        """Return the frame as JSON."""
        return [
            self.version,
            self.script,
            encode(self.inputs),
            encode(self.holders),
            self.pc,
            self.out,
            self.last,
        ]

    @classmethod
    def from_json(cls, stored: list[Any]) -> Frame:
        """Return the frame that `to_json` stored."""
        version, script, inputs, holders, pc, out, last = stored
        return cls(version, script, decode(inputs), decode(holders), pc, out, last)


@dataclass
class Continuation:
    """A run between two segments. `waiting` holds the memo and arguments of a parked command."""

    frames: list[Frame]
    waiting: dict[str, Any] | None = None
    timed_out: bool = False
    steps: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the continuation as JSON, for the run's row."""
        return {
            "frames": [frame.to_json() for frame in self.frames],
            "waiting": None if self.waiting is None else encode(self.waiting),
            "timed_out": self.timed_out,
            "steps": self.steps,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Continuation:
        """Return the continuation that `to_json` stored."""
        frames = [Frame.from_json(frame) for frame in stored["frames"]]
        waiting = stored["waiting"]
        return cls(
            frames,
            None if waiting is None else decode(waiting),
            stored["timed_out"],
            stored["steps"],
        )


@dataclass(frozen=True)
class Parked:
    """A command waits; the environment knows for what."""


@dataclass(frozen=True)
class Yielded:
    """The budget is spent; there is more to do."""


@dataclass(frozen=True)
class Finished:
    """The first script has returned `value`."""

    value: Any


def start(version: str, script: str, inputs: dict[str, Any]) -> Continuation:
    """Return the continuation of a script that has not begun."""
    return Continuation([Frame(version, script, dict(inputs), dict(inputs))])
