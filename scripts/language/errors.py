"""What can be wrong with a script: at load time with its place, at run time with its kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# What Python raises for a value that nobody thought of: the same however often it is tried again.
# So it is a refusal to the person or an error of the script, never a fault of the engine.
ODD_VALUE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


class ScriptSyntaxError(Exception):
    """One fault of a script file, at a line and column (both from 1)."""

    def __init__(
        self,
        message: str,
        file: str,
        line: int,
        column: int,
        hint: str = "",
        command: str = "",
    ) -> None:
        super().__init__(message)
        self.command = command
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{hint}"


class LoadErrors(Exception):
    """Every fault found in one or more script files; `warnings` are what is odd beside them."""

    def __init__(
        self, faults: list[ScriptSyntaxError], warnings: Sequence[ScriptSyntaxError] = ()
    ) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
        self.warnings = list(warnings)

    def __iter__(self) -> Iterator[ScriptSyntaxError]:
        return iter(self.faults)


class ScriptError(Exception):
    """What ends a run as FAILED. `kind` is one word for machines, the message is for authors.

    `said` is what the script's author wrote for the person who is in the chat; empty when the words
    are ours. `code` is what a peer may know of why it is refused. The machine fills in script, line
    and column of the command that raised it.
    """

    def __init__(
        self,
        message: str,
        kind: str = "error",
        script: str = "",
        line: int = 0,
        column: int = 0,
        *,
        said: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.said = said
        self.code = code
        self.kind = kind
        self.script = script
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = f"{self.script}:{self.line}:{self.column}: " if self.script else ""
        return f"{place}{self.message}"


class Declined(Exception):
    """The person said no where the script has nothing else to do: the whole run ends quietly."""


def of_odd_value(odd: BaseException) -> ScriptError:
    """Return what one of ODD_VALUE means to a script's author. Its text may hold values: not it."""
    what = type(odd).__name__
    return ScriptError(f"this cannot be made of these values ({what})", kind="type")
