"""The text of one command line: its word, its arguments, and where its result goes (2.2 to 2.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LINE = re.compile(r"([A-Z][A-Z0-9]*)>?(?:(\s*\|)|(?=\s|$))", re.DOTALL)
_OUT = re.compile(r"(?:^|(?<=\s))(>>|\+>)\s*(\S+)\s*$")
_TARGET = re.compile(r"\$?([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)")
_CALL = re.compile(r"(\.?[A-Za-z0-9][A-Za-z0-9 _.@-]*?)\s*(?:\((.*)\))?", re.DOTALL)

Out = list[Any]


@dataclass
class CommandLine:
    """`word` and what follows it; `arguments` has more than one part only in the pipe form."""

    word: str
    arguments: list[str]
    out: Out | None = None
    bad_out: str = ""

    @property
    def inline(self) -> str:
        return self.arguments[0] if self.arguments else ""


def read_line(text: str) -> CommandLine | None:
    """Return the parts of a command line; None when it does not begin with a word in capitals."""
    match = _LINE.match(text.strip())
    if match is None:
        return None
    rest, out, bad = split_out(text.strip()[match.end() :])
    arguments = _pipes(rest) if match[2] else ([rest.strip()] if rest.strip() else [])
    return CommandLine(match[1], arguments, out, bad)


def split_out(text: str) -> tuple[str, Out | None, str]:
    """Split `... >> $x` into text, out, and the target that cannot be one."""
    match = _OUT.search(text)
    if match is None:
        return text, None, ""
    target = _TARGET.fullmatch(match[2])
    if target is None:
        return text[: match.start()], None, match[2]
    properties = [part for part in target[2].split(".") if part]
    return text[: match.start()], [match[1], target[1], properties], ""


def read_call(text: str) -> tuple[str, str | None] | None:
    """Split `Name(arguments)` into its parts; None when it is neither name nor call."""
    match = _CALL.fullmatch(text.strip())
    return None if match is None else (match[1].strip(), match[2])


def _pipes(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "|" and depth <= 0 and text[at - 1 : at] != "\\":
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]]]
