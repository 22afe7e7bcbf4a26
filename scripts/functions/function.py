"""What a function is: a pure callable of a subject and arguments, and its line in the reference."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scripts.language.cost import Cost

MANY = 50  # arguments


class Context(Protocol):
    """The only things a function may ask for."""

    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...
    def system(self, name: str, /) -> Any: ...


class Reads(enum.Enum):
    """How the arguments of a function are read at load time.

    Those that are not plain values come unevaluated: the function asks for the value it wants, of
    the row it wants (`Later` of scripts/language/evaluation.py).
    """

    VALUES = "values"
    LATER = "values, of which only those that are needed are evaluated"
    FILTERS = "conditions on a row: `{Prop: value}`, `Prop.IsAbove(3)`"
    FORMATS = "properties of a row: `A`, `A, B`, `{X: A}`"
    CHANGES = "new values for properties of a row: `{X: value}`, `{X: X.Add(1)}`"


@dataclass(frozen=True)
class Function:
    """`call(context, subject, *arguments)`, with between `fewest` and `most` arguments.

    A `subjectless` one, such as `.Now`, takes all it is given as arguments. A `test` says yes or
    no. `whole` leaves a map with a default property as it is; others see that property instead.
    `signature` and `about` (one sentence) are what the reference says. `unsupported` says why a
    function of the language is refused by name. `prefix(context, *arguments)` is what the form
    without a subject means where that is something else, as `.Last(day)` is. `cost` is what its
    work grows with.
    """

    call: Callable[..., Any]
    fewest: int = 0
    most: int = 0
    subjectless: bool = False
    signature: str = ""
    about: str = ""
    test: bool = False
    whole: bool = False
    reads: Reads = Reads.VALUES
    unsupported: str = ""
    prefix: Callable[..., Any] | None = None
    cost: Cost = Cost.SIZED

    @property
    def is_later(self) -> bool:
        return self.reads is not Reads.VALUES

    @property
    def arity(self) -> str:
        return str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"
