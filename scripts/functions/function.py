"""What a function is: a pure callable of a subject and arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Context(Protocol):
    """The only things a function may ask for."""

    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...


@dataclass(frozen=True)
class Function:
    """`call(context, subject, *arguments)`, with between `fewest` and `most` arguments.

    A `subjectless` one, such as `.Now`, takes all it is given as arguments.
    """

    call: Callable[..., Any]
    fewest: int = 0
    most: int = 0
    subjectless: bool = False

    @property
    def arity(self) -> str:
        return str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"
