"""Compiled scripts: flat, JSON-able code, whose every position is one integer.

Instructions are [op, line, column, ...]:
["do", l, c, word, {parameter: tree or assertion}, out, paired]   a command of the vocabulary
["put", l, c, tree, out]            ["set", l, c, target, [[key, tree], ...]]
["assert", l, c, assertion, out]    ["log", l, c, tree]     ["error", l, c, tree]
["run", l, c, name tree, [[name or None, tree], ...], out]  ["return", l, c, tree]
["unless", l, c, assertion, negated, pc]   jump when the assertion fails (or holds, when negated)
["else", l, c, pc]                  jump when the result of the last "do" is not true
["jump", l, c, pc]
["for", l, c, tree]                 a new block with what there is to go through
["next", l, c, out, pc]             its next item; without one the block ends with a jump
["while", l, c]                     a new block that counts
["again", l, c, assertion, pc]      one pass more; when the assertion fails it ends with a jump
["break", l, c, count, pc]          end so many blocks, and jump
["repeat", l, c]                    to the script's first instruction
["try", l, c, out, pc]              a new block; an error in it goes to out, and on at pc
["tried", l, c]                     the end of that block
["case", l, c, tree or None, [[[[how, tree], ...], pc or tree], ...], pc or tree, out]
["parallel", l, c, tree or None, out, [pc, ...], pc]   branches, and where it goes on behind them
["join", l, c]                      the end of a branch
An out is null or [">>" or "+>", holder, [property, ...]]; a holder `{x` is the one that $x names,
`.Inputs` and `.Msg` are what the script sees as such. An ACTION of a "do" is ["act", pc].
Runs of older releases are parked in such code, so what is here is never taken away or changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.language.errors import ScriptSyntaxError

ABI = 1


@dataclass(frozen=True)
class Script:
    """One script: its name, where it stands, and its code."""

    name: str
    file: str
    line: int
    code: list[Any]

    def words(self) -> Iterator[str]:
        """Yield the vocabulary's words that the script uses, in order."""
        return (instruction[3] for instruction in self.code if instruction[0] == "do")


@dataclass(frozen=True)
class CompiledFile:
    """The scripts of one file; `calls` are names it runs that it does not hold.

    `warnings` are for its author only: what is odd, but not wrong.
    """

    scripts: dict[str, Script]
    menu: list[tuple[str, str, str]] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    warnings: list[ScriptSyntaxError] = field(default_factory=list, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the file as JSON values, for its row."""
        return {
            "scripts": [[s.name, s.file, s.line, s.code] for s in self.scripts.values()],
            "menu": [list(entry) for entry in self.menu],
            "calls": sorted(self.calls),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> CompiledFile:
        """Return the file that `to_json` stored."""
        scripts = {name: Script(name, *rest) for name, *rest in stored["scripts"]}
        menu = [(entry[0], entry[1], entry[2]) for entry in stored["menu"]]
        return cls(scripts, menu, set(stored["calls"]))
