"""Whose code a run failed in: the innermost frame of an author, never a shipped one around it.

A talker is carried by shipped handlers (its chat's, the one that begins again, a menu's), and
calls shipped scripts itself. What goes wrong there is the author's affair; with no author's frame
at all it is ours, and no version's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts import library
from scripts.errors import UnknownScript
from scripts.language.continuation import Continuation, Frame

# What reading a continuation that is no more readable may raise.
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Blame:
    """A place in an author's script; `name` is what its version is kept as (`shop.test/a`)."""

    version: str
    name: str
    script: str
    line: int

    def __str__(self) -> str:
        return f"line {self.line} of {self.script} ({self.name} {self.version[:12]})"


def of(frames: Sequence[Frame]) -> Blame | None:
    """Return the innermost author's place among frames that are at work, the outermost first."""
    authors = (frame for frame in reversed(frames) if not library.is_shipped(frame.version))
    innermost = next(authors, None)
    return None if innermost is None else _place(innermost)


def of_stored(stored: dict[str, Any]) -> Blame | None:
    """Return the innermost author's place where a stored run stands; None if it is unreadable."""
    try:
        frames = standing(Continuation.from_json(stored))
    except UNREADABLE:
        return None
    return of(frames)


def standing(continuation: Continuation) -> list[Frame]:
    """Return the frames that a run stands in, in the first of its branches that is at work."""
    frames = list(continuation.frames)
    while frames and frames[-1].branches:
        at_work = [each for each in frames[-1].branches if not each.ended]
        if not at_work:
            break
        frames += at_work[0].frames
    return frames


def _place(frame: Frame) -> Blame:
    try:
        version = library.version(frame.version)
        code = version.file.scripts[frame.script].code
    except (UnknownScript, KeyError):
        return Blame(frame.version, "", frame.script, 0)
    position = min(max(frame.pc - 1, 0), len(code) - 1)
    line = code[position][1] if code else 0
    return Blame(frame.version, version.name, frame.script, line)
