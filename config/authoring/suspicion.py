"""What a script may say, and its author has hardly meant: told as warnings, apart from faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.language.errors import ScriptSyntaxError


@dataclass(frozen=True, order=True)
class Suspicion:
    """One warning, at a line and column of the source."""

    line: int
    column: int
    message: str
    hint: str = ""


def suspicions(warnings: Iterable[ScriptSyntaxError], source: str) -> list[Suspicion]:
    """Return the compiler's warnings about a file, in the order of its lines."""
    lines = source.splitlines()
    return sorted({_placed(warning, lines) for warning in warnings})


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
