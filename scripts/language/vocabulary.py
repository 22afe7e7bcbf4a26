"""The words a script may use, as tables that are passed in."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


class Kind(enum.Enum):
    """How a parameter's source text is read, decided at load time (4.1).

    A command finds under the parameter's name: the text (TEMPLATE), the value (VALUE, NAME), a list
    (LIST), a map (FIELDS, CHOICES), an `Assertion` to ask of rows (ASSERTION), a `Format` to apply
    to rows (FORMAT), or True for an ACTION, which it carries out by returning `Act(name)`.
    """

    TEMPLATE = "text, with {expressions}"
    VALUE = "a value"
    LIST = "a list"
    NAME = "a name, or an expression"
    ASSERTION = "an assertion"
    FIELDS = "a map of fields"
    CHOICES = "a map of fields; of several values the first that is not empty"
    FORMAT = "properties of each row"
    ACTION = "commands"


@dataclass(frozen=True)
class Parameter:
    """`aliases` are other spellings that are accepted; `about` is for the reference."""

    name: str
    kind: Kind
    required: bool = False
    aliases: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class CommandSpec:
    """The grammar of one command word.

    `main` takes the inline argument, or a scalar body when nothing is inline. `body` takes the
    body when there is an inline argument. `rest` names what collects the keys that are no
    parameters: a map of fields, or an assertion or format if a parameter of that name says so;
    without it they are load errors. `changes` names the parameter that is written as a holder and
    that takes the result when there is no `>>`. `context` names the parameter whose properties are
    meant by bare words in maps of fields, which then come as formats. `pairs` allows THEN and ELSE
    to follow. `suspends` says that the command may park the run, `answers` that what it gives is a
    person's answer.
    `signature` (its forms, one a line) and `about` (one sentence) are what the reference says.
    """

    word: str
    main: str = ""
    body: str = ""
    parameters: tuple[Parameter, ...] = ()
    rest: str = ""
    suspends: bool = False
    pairs: bool = False
    changes: str = ""
    context: str = ""
    answers: bool = False
    about: str = ""
    signature: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of this name; names ignore case (2.3)."""
        wanted = name.lower()
        return next(
            (
                each
                for each in self.parameters
                if each.name.lower() == wanted
                or any(alias.lower() == wanted for alias in each.aliases)
            ),
            None,
        )


@dataclass(frozen=True)
class Vocabulary:
    """Commands by word, functions by name, and the names of system holders."""

    commands: Mapping[str, CommandSpec]
    functions: Mapping[str, Any]
    system_holders: frozenset[str] = field(default_factory=frozenset)


# Words of the language that this release does not have; they are refused by name.
NOT_SUPPORTED = frozenset(
    [
        "ASK",
        "ASYNC",
        "BILL",
        "BIND",
        "CHARGE",
        "COLLECT",
        "CONSUME",
        "EAN",
        "FLOW",
        "IDENTITY",
        "INFORM",
        "INVITE",
        "KEYS",
        "LOCATION",
        "OTP",
        "REFUND",
        "SCAN",
        "SELFIE",
        "SHARE",
        "TOUCH",
        "TRACK",
        "UPLOAD",
        "WEB",
    ]
)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known name, or nothing."""
    names = list(known)
    lower = {each.lower(): each for each in names}
    close = get_close_matches(name, names, n=1, cutoff=0.6) or [
        lower[each] for each in get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)
    ]
    return f"did you mean {close[0]}?" if close else ""
