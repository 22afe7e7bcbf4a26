"""The words a script may use, as tables that are passed in."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


class Kind(enum.Enum):
    """How a parameter's source text is read, decided at load time (4.1)."""

    TEMPLATE = "text, with {expressions}"
    VALUE = "a value"
    LIST = "a list"
    NAME = "a name, or an expression"
    ASSERTION = "an assertion"
    FIELDS = "a map of fields"


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class CommandSpec:
    """The grammar of one command word.

    `main` takes the inline argument, or a scalar body when nothing is inline. `body` takes the
    body when there is an inline argument. `rest` collects, as a map of fields, names that are not
    parameters; without it they are load errors. `pairs` allows THEN and ELSE to follow.
    """

    word: str
    main: str = ""
    body: str = ""
    parameters: tuple[Parameter, ...] = ()
    rest: str = ""
    suspends: bool = False
    pairs: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of this name; names ignore case (2.3)."""
        wanted = name.lower()
        return next((each for each in self.parameters if each.name.lower() == wanted), None)


@dataclass(frozen=True)
class Vocabulary:
    """Commands by word, functions by name, and the names of system holders."""

    commands: Mapping[str, CommandSpec]
    functions: Mapping[str, Any]
    system_holders: frozenset[str] = field(default_factory=frozenset)


def nearest(name: str, known: Mapping[str, Any] | list[str] | frozenset[str]) -> str:
    """Return a hint with the nearest known name, or nothing."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6) or get_close_matches(
        name.upper(), list(known), n=1, cutoff=0.6
    )
    return f"did you mean {close[0]}?" if close else ""
