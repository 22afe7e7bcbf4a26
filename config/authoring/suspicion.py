"""What a script may say, and its author has hardly meant: told as warnings, apart from faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.events import ScalarEvent

from scripts.language.code import CompiledFile
from scripts.language.errors import ScriptSyntaxError
from scripts.language.source import LOADER


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
    found = {_placed(warning, lines) for warning in file.warnings}
    return sorted(found.union(_cut_texts(source, lines)))


def _placed(warning: ScriptSyntaxError, lines: list[str]) -> Suspicion:
    """Put a warning at the holder that it names, which may stand below its command's line."""
    named = re.search(r"\$[\w.]*\w", warning.message)
    if named is not None:
        pattern = re.compile(re.escape(named[0]) + r"(?!\w)")
        for number in range(warning.line, len(lines) + 1):
            found = pattern.search(lines[number - 1])
            if found is not None:
                return Suspicion(number, found.start() + 1, warning.message, warning.hint)
    return Suspicion(warning.line, warning.column, warning.message, warning.hint)


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
