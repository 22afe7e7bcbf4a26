"""The text of one command line: its word, its arguments, and where its result goes (2.2 to 2.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_LINE = re.compile(r"([A-Z][A-Z0-9]*)>?(?:(:?\s*\|)|(?=\s|$))", re.DOTALL)
_OUT = re.compile(r"(?:^|(?<=\s))(>>|\+>)\s*(\S+)\s*$")
_TARGET = re.compile(r"(\$?)([A-Za-z_][\w-]*)((?:\.[A-Za-z_]\w*)*)")
_INDIRECT = re.compile(r"\{\$([A-Za-z_]\w*)\}")
_SYSTEM = re.compile(r"\$\.([A-Za-z]+)((?:\.[A-Za-z_]\w*)*)")
_CALL = re.compile(r"(\.?[A-Za-z0-9][A-Za-z0-9 _.@-]*?)\s*(?:\((.*)\))?", re.DOTALL)
_ALMOST = re.compile(r"(?:^|\s)(->|=>|>|→|>>>|\+>>|<<)\s*(\$[A-Za-z_][\w.]*)\s*$")
_GLUED = re.compile(r"\S(>>|\+>)\s*(\$[A-Za-z_][\w.]*)\s*$")
_INNER = re.compile(r"(?:^|\s)(>>|\+>)\s+\$[\w.]+\s+\S")
WRITABLE = ("Inputs", "Msg", "Chat")

Out = list[Any]


@dataclass
class Output:
    """Text without its output; `bad` is a target that cannot be one, `advice` what to write."""

    text: str
    out: Out | None = None
    bad: str = ""
    advice: str = ""
    undollared: str = ""


@dataclass
class CommandLine:
    """`word` and what follows it; `arguments` has more than one part only in the pipe form."""

    word: str
    arguments: list[str] = field(default_factory=list)
    out: Out | None = None
    output: Output | None = None

    @property
    def inline(self) -> str:
        return self.arguments[0] if self.arguments else ""


def read_line(text: str) -> CommandLine | None:
    """Return the parts of a command line; None when it does not begin with a word in capitals."""
    match = _LINE.match(text.strip())
    if match is None:
        return None
    output = split_out(text.strip()[match.end() :])
    parts = split_outside(output.text, "|")
    arguments = [part.strip() for part in parts]
    if not match[2] and arguments == [""]:
        arguments = []
    return CommandLine(match[1], arguments, output.out, output)


def split_out(text: str) -> Output:
    """Split `... >> $x` into text and out, or say what is wrong with what looks like one."""
    match = _OUT.search(text)
    if match is None:
        almost, glued = _ALMOST.search(text), _GLUED.search(text)
        inner = _INNER.search(text)
        unnamed = re.search(r"(?:^|\s)(>>|\+>)\s*$", text)
        if unnamed is not None:
            advice = f"write {unnamed[1]} $name"
            return Output(text[: unnamed.start()], None, unnamed[1], advice)
        if inner is not None:
            advice = "one $name stands behind it, at the end of the line"
            return Output(text[: inner.start()], None, inner[1], advice)
        if almost is not None:
            return Output(text[: almost.start()], None, almost[1], f"write >> {almost[2]}")
        if glued is not None and "\\" not in text[glued.start() : glued.end()]:
            where = f"write a space: {glued[1]} {glued[2]}"
            return Output(text[: glued.start() + 1], None, glued[1], where)
        return Output(text)
    rest, mark, target = text[: match.start()], match[1], match[2]
    indirect = _INDIRECT.fullmatch(target)
    if indirect is not None:
        return Output(rest, [mark, "{" + indirect[1], []])
    system = _SYSTEM.fullmatch(target)
    if system is not None and system[1] in WRITABLE:
        return Output(rest, [mark, f".{system[1]}", _properties(system[2])])
    found = _TARGET.fullmatch(target)
    if found is None or system is not None:
        return Output(rest, None, target, "write >> $name")
    out = [mark, found[2], _properties(found[3])]
    return Output(rest, out, undollared="" if found[1] else target)


def _properties(path: str) -> list[str]:
    return [part for part in path.split(".") if part]


def read_call(text: str) -> tuple[str, str | None] | None:
    """Split `Name(arguments)` into its parts; None when it is neither name nor call."""
    match = _CALL.fullmatch(text.strip())
    return None if match is None else (match[1].strip(), match[2])


def split_outside(text: str, mark: str) -> list[str]:
    """Split at a mark that is outside brackets and quotes, and not escaped.

    A quote counts only where a part begins: elsewhere it is an apostrophe.
    """
    parts, depth, quote, start = [], 0, "", 0
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (depth > 0 or not text[start:at].strip()):
            quote = character if character in text[at + 1 :] else ""
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == mark and depth <= 0 and text[at - 1 : at] != "\\":
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
