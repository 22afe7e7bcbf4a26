"""A run between two segments, and what may happen to it: all of it JSON, nothing of it alive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.language.values import decode, encode


class _TimedOut:
    def __repr__(self) -> str:
        return "TIMED_OUT"


TIMED_OUT = _TimedOut()


@dataclass(frozen=True)
class Wait:
    """Returned by a command to park; `memo` is given back to its resume, `hook` is what it awaits.

    A run waits in several places at once only inside PARALLEL, where `hook` tells them apart.
    """

    memo: Any = None
    hook: str = ""


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
class End:
    """Returned by a command to end the whole run here, callers included, and keep what it did.

    `why`, if there is one, says that the run could not go on, through no fault of its script.
    """

    why: str = ""


@dataclass(frozen=True)
class Recall:
    """Returned by a command to give holders their values, those that are empty now."""

    holders: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A command with its evaluated arguments. `version` is that of the file it stands in.

    `guarded` says that a TRY would catch its error: what it has written must then be taken back.
    `holders` are those of its script, to read.
    """

    word: str
    arguments: dict[str, Any]
    has_output: bool
    paired: bool
    version: str
    script: str
    line: int
    column: int
    guarded: bool = False
    holders: dict[str, Any] = field(default_factory=dict)


@dataclass
class Written:
    """What a branch has done to a holder: "put", "add" (+>), "set" (properties), or its "own".

    `value` is the holder as the branch sees it, `part` what was added or set.
    """

    how: str
    value: Any
    part: Any = None


@dataclass
class Frame:
    """One invocation of one script. `out` is where its caller wants the result; `last` is the
    result that a THEN or ELSE looks at.

    `blocks` are the loops and TRYs around its position, `branches` those of the PARALLEL that it
    stands at. The first frame of a branch is its parent's frame at another position: it shares the
    parent's inputs and holders, and `written` is what it has changed.
    """

    version: str
    script: str
    inputs: dict[str, Any] = field(default_factory=dict)
    holders: dict[str, Any] = field(default_factory=dict)
    pc: int = 0
    out: list[Any] | None = None
    last: bool = False
    blocks: list[dict[str, Any]] = field(default_factory=list)
    branches: list[Continuation] | None = None
    written: dict[str, Written] | None = None

    def to_json(self) -> list[Any]:
        """Return the frame as JSON; its eighth part is there only where it is needed."""
        shares = self.written is not None
        stored = [
            self.version,
            self.script,
            {} if shares else encode(self.inputs),
            {} if shares else encode(self.holders),
            self.pc,
            self.out,
            self.last,
        ]
        more: dict[str, Any] = {}
        if self.blocks:
            more["blocks"] = [_stored(block) for block in self.blocks]
        if self.branches is not None:
            more["branches"] = [branch.to_json() for branch in self.branches]
        if self.written is not None:
            more["written"] = [
                [name, each.how, encode(each.value), encode(each.part)]
                for name, each in self.written.items()
            ]
        return [*stored, more] if more else stored

    @classmethod
    def from_json(cls, stored: list[Any], parent: Frame | None = None) -> Frame:
        """Return the frame that `to_json` stored; `parent` is the one that a branch shares with."""
        version, script, inputs, holders, pc, out, last = stored[:7]
        more = stored[7] if len(stored) > 7 else {}
        frame = cls(version, script, decode(inputs), decode(holders), pc, out, last)
        frame.blocks = [
            {**block, "items": decode(block["items"])} if "items" in block else block
            for block in more.get("blocks", [])
        ]
        if parent is not None and "written" in more:
            frame.written = {
                name: Written(how, decode(value), decode(part))
                for name, how, value, part in more["written"]
            }
            seen = {name: each.value for name, each in frame.written.items()}
            frame.inputs, frame.holders = parent.inputs, {**parent.holders, **seen}
        if "branches" in more:
            frame.branches = [Continuation.from_json(each, frame) for each in more["branches"]]
        return frame


def _stored(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block as JSON; of a FOR, only what it has still to go through."""
    if "items" not in block:
        return block
    return {**block, "items": encode(block["items"][block["at"] :]), "at": 0}


@dataclass
class Continuation:
    """A run, or a branch of one, between two segments.

    `waiting` holds the memo, the hook and the arguments of a parked command, `answer` what a person
    said last, and `ended` that a branch is done. `used` counts what the run has
    caused in all its life, by quota.
    """

    frames: list[Frame]
    waiting: dict[str, Any] | None = None
    timed_out: bool = False
    steps: int = 0
    answer: Any = None
    ended: bool = False
    used: dict[str, int] = field(default_factory=dict)
    # The places gone through since this was read, for the run's log; not part of what is stored.
    trail: list[tuple[str, str, int]] = field(default_factory=list, compare=False, repr=False)
    end: End | None = None  # never stored: the segment that sets it is the last
    # Never stored either: the frames that were at work when an error came, the outermost first; and
    # that the engine wants to store what has happened so far before the machine goes on.
    at_fault: list[Frame] = field(default_factory=list, compare=False, repr=False)
    pause: bool = field(default=False, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the continuation as JSON, for the run's row."""
        stored = {
            "frames": [frame.to_json() for frame in self.frames],
            "waiting": None if self.waiting is None else encode(self.waiting),
            "timed_out": self.timed_out,
            "steps": self.steps,
        }
        if self.answer is not None:
            stored["answer"] = encode(self.answer)
        if self.ended:
            stored["ended"] = True
        if self.used:
            stored["used"] = self.used
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any], parent: Frame | None = None) -> Continuation:
        """Return the continuation that `to_json` stored; `parent` is the frame of a branch's."""
        frames = [Frame.from_json(frame, parent) for frame in stored["frames"]]
        waiting = stored["waiting"]
        return cls(
            frames,
            None if waiting is None else decode(waiting),
            stored["timed_out"],
            stored["steps"],
            decode(stored.get("answer")),
            stored.get("ended", False),
            dict(stored.get("used", {})),
        )

    def parked_copy(self, waiting: dict[str, Any]) -> dict[str, Any]:
        """Return this run as JSON, as if the command that it is carrying out waited."""
        return {**self.to_json(), "waiting": encode(waiting)}

    def leaves(self) -> Iterator[Continuation]:
        """Yield what is at work in this run now: itself, or its branches that have not ended."""
        if self.ended or not self.frames:
            return
        branches = self.frames[-1].branches
        if branches is None:
            yield self
            return
        for branch in branches:
            yield from branch.leaves()


@dataclass(frozen=True)
class Parked:
    """Commands wait; the environment knows for what."""


@dataclass(frozen=True)
class Yielded:
    """The budget is spent, or a command `wanted` another segment; there is more to do."""

    wanted: bool = False


@dataclass(frozen=True)
class Finished:
    """The first script has returned `value`, or a command has ended the run (`end`)."""

    value: Any
    end: End | None = None


def start(version: str, script: str, inputs: dict[str, Any]) -> Continuation:
    """Return the continuation of a script that has not begun."""
    return Continuation([Frame(version, script, dict(inputs), dict(inputs))])
