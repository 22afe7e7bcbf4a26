"""What a row of these tables asserts."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.language.errors import ScriptError
from tests.scripts.functions.holders import X
from tests.scripts.language.world import value_of


def worth(expression: str, **holders: Any) -> Any:
    """Return what an expression is worth; one with `: ` in it must be quoted, as in every YAML."""
    quoted = expression.replace("'", "''")
    return value_of(f"'{{{quoted}}}'" if ": " in expression else expression, **holders)


def check(expression: str, expected: Any, **holders: Any) -> None:
    """Assert what an expression is worth, and its type."""
    found = worth(expression, **{**X, **holders})
    assert found == expected
    assert type(found) is type(expected)


def refuse(expression: str, message: str, **holders: Any) -> None:
    """Assert that an expression ends the script with this error, at its line."""
    with pytest.raises(ScriptError) as refused:
        worth(expression, **{**X, **holders})
    assert refused.value.message == message
    assert refused.value.line == 1
