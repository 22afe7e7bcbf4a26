"""Regular expressions that an author writes: matched in linear time, whatever they say.

RE2 has no backtracking, so no expression is catastrophic; what it cannot do that way (look-ahead,
back-references) it refuses when it reads the expression.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from scripts.language.errors import ScriptError
from scripts.language.work import spend

LONGEST = 1000


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as bad:
        reason = bad.args[0].decode() if isinstance(bad.args[0], bytes) else bad.args[0]
        raise ScriptError(
            f"the pattern {pattern[:80]!r} cannot be used: {reason}", "type"
        ) from None


def matches(pattern: str, text: str) -> bool:
    """Say whether all of `text` is as `pattern` (RE2 syntax) says. Raises ScriptError."""
    return groups(pattern, text) is not None


def groups(pattern: str, text: str) -> list[str] | None:
    """Return all of `text` and then the groups of `pattern` in it; None when it does not match.

    Raises ScriptError.
    """
    if len(pattern) > LONGEST:
        raise ScriptError(f"a pattern has at most {LONGEST} characters", kind="limit")
    spend(3 + 2 * len(text))  # RE2 at its worst, with its states made anew at each character
    found = _compiled(pattern).fullmatch(text)
    return None if found is None else [text, *(part or "" for part in found.groups())]
