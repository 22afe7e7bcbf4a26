"""What a script may say, and its author has hardly meant: told as warnings, apart from faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import ScalarEvent

from scripts.language.code import CompiledFile, Script
from scripts.language.source import LOADER
from scripts.language.vocabulary import nearest

# Trees in which a list's first element names what it is, and whose second is a name.
HOLDER, INPUT = "holder", "input"
OUTS = (">>", "+>")
_BARE = re.compile(r"(?<![\\$\w{])\$[A-Za-z_]\w*(?:\.\w+)*")


@dataclass(frozen=True, order=True)
class Suspicion:
    """One warning, at a line and column of the source."""

    line: int
    column: int
    message: str
    hint: str = ""


def suspicions(file: CompiledFile, source: str) -> list[Suspicion]:
    """Return the warnings about a sound file, in the order of its lines."""
    lines = source.splitlines()
    found = set(_cut_texts(source, lines))
    given = _given(file)
    for script in file.scripts.values():
        found.update(_unset_holders(script, given.get(script.name), lines))
        found.update(_bare_holders(script, lines))
    return sorted(found)


# -- holders that nothing sets --------------------------------------------------------------------


def _given(file: CompiledFile) -> dict[str, set[str]]:
    """Return the inputs that RUN passes to each script of the file; one that no RUN starts is
    missing."""
    given: dict[str, set[str]] = {}
    for script in file.scripts.values():
        for instruction in script.code:
            if instruction[0] == "run" and instruction[3][0] == "lit":
                inputs = given.setdefault(str(instruction[3][1]), set())
                inputs.update(str(name) for name, _ in instruction[4] if isinstance(name, str))
    return given


def _unset_holders(script: Script, given: set[str] | None, lines: list[str]) -> Iterator[Suspicion]:
    known = _set_in(script) | (given or set())
    for instruction in script.code:
        for name in dict.fromkeys(_read_in(instruction)):
            if name in known:
                continue
            line, column = _find(f"${name}", lines, instruction)
            hint = nearest(name, known).replace("did you mean ", "did you mean $")
            if not hint:
                hint = (
                    f"an input of the locator is read as $.Inputs.{name}"
                    if given is None
                    else f"pass it: RUN {script.name}: and {name} below it"
                )
            yield Suspicion(line, column, f"nothing sets ${name}", hint)


def _set_in(script: Script) -> set[str]:
    """Return the holders that a script sets, and the inputs that it asserts or gives a default."""
    names: set[str] = set()
    for instruction in script.code:
        for tree in _walk(instruction):
            if len(tree) == 3 and tree[0] in OUTS and isinstance(tree[1], str):
                names.add(tree[1])
        names.update(_asserted_inputs(instruction))
        if instruction[0] == "set" and instruction[3][0] == HOLDER:
            names.add(str(instruction[3][1]))
    return names


def _asserted_inputs(instruction: list[Any]) -> Iterator[str]:
    """Yield the inputs that are spoken of: `ASSERT $.Inputs` with `AllOf: Book`, and DEFAULT."""
    if not any(tree[:2] == ["system", "Inputs"] for tree in _walk(instruction)):
        return
    for tree in _walk(instruction):
        if tree[0] == "field" and len(tree) == 2 and isinstance(tree[1], list) and tree[1]:
            yield str(tree[1][0])
        elif tree[0] == "map" and len(tree) == 2 and isinstance(tree[1], list):
            yield from (str(pair[0]) for pair in tree[1] if isinstance(pair[0], str))


def _read_in(instruction: list[Any]) -> Iterator[str]:
    for tree in _walk(instruction):
        if tree[0] == HOLDER and len(tree) == 2 and isinstance(tree[1], str):
            yield tree[1]


def _walk(part: Any) -> Iterator[list[Any]]:
    """Yield every list in an instruction whose first element is a text."""
    if isinstance(part, dict):
        for value in part.values():
            yield from _walk(value)
    elif isinstance(part, list):
        if part and isinstance(part[0], str):
            yield part
        for value in part:
            yield from _walk(value)


# -- holders in running text ----------------------------------------------------------------------


def _bare_holders(script: Script, lines: list[str]) -> Iterator[Suspicion]:
    for instruction in script.code:
        for text in dict.fromkeys(_texts_in(instruction)):
            for bare in _BARE.findall(text):
                if text.strip() == bare:
                    continue
                line, column = _find(bare, lines, instruction)
                if lines[line - 1][column - 2 : column - 1] == "\\":
                    continue
                yield Suspicion(
                    line,
                    column,
                    f"{bare} in running text stays as it is",
                    f"write {{{bare}}} for its value",
                )


def _texts_in(instruction: list[Any]) -> Iterator[str]:
    for tree in _walk(instruction):
        if tree[0] == "lit" and len(tree) == 2 and isinstance(tree[1], str):
            yield tree[1]
        elif tree[0] == "text" and len(tree) == 2 and isinstance(tree[1], list):
            yield from (part for part in tree[1] if isinstance(part, str))


def _find(text: str, lines: list[str], instruction: list[Any]) -> tuple[int, int]:
    """Return where a text stands, from the command's line on; the command itself if not found."""
    pattern = re.compile(re.escape(text) + r"(?!\w)")
    for number in range(int(instruction[1]), len(lines) + 1):
        found = pattern.search(lines[number - 1])
        if found is not None:
            return number, found.start() + 1
    return int(instruction[1]), int(instruction[2])


# -- texts that YAML cuts -------------------------------------------------------------------------


def _cut_texts(source: str, lines: list[str]) -> Iterator[Suspicion]:
    """Yield where ` #5` ends a text without quotes: for YAML, a comment begins there."""
    for event in yaml.parse(source, Loader=LOADER):
        if not isinstance(event, ScalarEvent) or event.style or not event.end_mark:
            continue
        line, column = event.end_mark.line, event.end_mark.column
        rest = lines[line][column:] if line < len(lines) else ""
        cut = re.match(r":?\s+(#[^\s#].*)$", rest)
        if cut is not None:
            yield Suspicion(
                line + 1,
                column + cut.start(1) + 1,
                f"the text ends before {cut[1][:20]!r}: after a space, # begins a comment",
                "quote the text if this belongs to it; write '# ' if it is a comment",
            )
