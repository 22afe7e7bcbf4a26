"""Expression trees: their faults, their names, and what is made of two of them."""

from __future__ import annotations

import re
from typing import Any

Tree = list[Any]
IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class BadExpression(Exception):
    """The text looks like an expression but names something that does not exist."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotExpression(Exception):
    """The text is not an expression; it is text."""


def condition(subject: Tree, value: Tree) -> Tree:
    """Return the tree of `subject: value`: its last function of the value, or equality."""
    if value == ["lit", ""]:
        return subject
    if subject[0] == "auto":
        return ["call", subject[1], subject[2], [value]]
    if subject[0] == "call":
        return [*subject[:3], [*subject[3], value]]
    return ["call", subject, "Is", [value]]


def subject_of(tree: Tree) -> Tree:
    """Return what the function before `.Or` was applied to."""
    if tree[0] in ("auto", "call") and tree[1] is not None:
        return list(tree[1])
    raise BadExpression("Or must follow a function of a value")


def last_name(tree: Tree) -> str:
    """Return the name a value takes when it is merged or passed: its last property segment."""
    kind = tree[0]
    if kind in ("holder", "system"):
        return str(tree[1])
    if kind == "input":
        return str(tree[1])
    if kind in ("prop", "auto"):
        return str(tree[2])
    if kind == "field":
        return str(tree[1][-1]) if tree[1] else "Value"
    if kind in ("call", "project", "or", "computed", "each") and tree[1] is not None:
        return last_name(tree[1])
    return "Value"
