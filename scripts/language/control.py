"""The instructions that say where to go on: jumps, loops, CASE and TRY.

Loops and TRYs are blocks of their frame, the innermost last, so that they outlive a suspension.
"""

from __future__ import annotations

from typing import Any, Protocol

from scripts.language.checking import failure
from scripts.language.continuation import Continuation, Frame
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope, apply, evaluate
from scripts.language.limits import limits
from scripts.language.values import truth


class Moves(Protocol):
    """The machine, as far as these instructions need it."""

    root: Continuation

    @property
    def frame(self) -> Frame: ...
    def write(self, out: Any, value: Any, part: Any = None) -> None: ...


def _unless(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    assertion, negated, target = instruction[3:6]
    if (failure(assertion, scope) is None) == negated:
        machine.frame.pc = target


def _else(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    if not machine.frame.last:
        machine.frame.pc = instruction[3]


def _jump(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    machine.frame.pc = instruction[3]


# -- loops --------------------------------------------------------------------------------------


def rows_of(value: Any) -> list[Any]:
    """Return what a loop goes through: a list, the pairs of a map, or the one value."""
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        return [{"Key": key, "Value": part} for key, part in value.items()]
    return value if isinstance(value, list) else [value]


def _for(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    items = rows_of(evaluate(instruction[3], scope))
    _limit(len(items), "passes of a loop", limits.loop_passes)
    machine.frame.blocks.append({"kind": "for", "items": items, "at": 0})


def _next(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    block = machine.frame.blocks[-1]
    if block["at"] >= len(block["items"]):
        machine.frame.blocks.pop()
        machine.frame.pc = instruction[4]
        return
    item = block["items"][block["at"]]
    block["at"] += 1
    machine.write(instruction[3], item)


def _while(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    machine.frame.blocks.append({"kind": "while", "passes": 0})


def _again(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    block = machine.frame.blocks[-1]
    if failure(instruction[3], scope) is not None:
        machine.frame.blocks.pop()
        machine.frame.pc = instruction[4]
        return
    block["passes"] += 1
    _limit(block["passes"], "passes of a loop", limits.loop_passes)


def _break(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    del machine.frame.blocks[-instruction[3] :]
    machine.frame.pc = instruction[4]


def _repeat(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    """Begin the script again; how often is kept in an outermost block that nothing leaves."""
    frame = machine.frame
    first = frame.blocks[0] if frame.blocks else {}
    passes = first.get("passes", 0) + 1 if first.get("kind") == "repeat" else 1
    _limit(passes, "passes of a REPEAT", limits.loop_passes)
    frame.blocks[:] = [{"kind": "repeat", "passes": passes}]
    frame.pc = 0


def _limit(count: int, what: str, most: int) -> None:
    if count > most:
        raise ScriptError(f"more than {most} {what}", kind="limit")


# -- TRY ----------------------------------------------------------------------------------------


def _try(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    out, end = instruction[3:5]
    machine.write(out, None)
    machine.frame.blocks.append({"kind": "try", "out": out, "end": end})


def _tried(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    machine.frame.blocks.pop()


# -- CASE ---------------------------------------------------------------------------------------


def _case(machine: Moves, instruction: list[Any], scope: Scope) -> None:
    """["case", l, c, value or None, [[[[how, tree], ...], pc or tree], ...], pc or tree, out]."""
    value_tree, whens, otherwise, out = instruction[3:7]
    value = machine.root.answer if value_tree is None else evaluate(value_tree, scope)
    inner = Scope(scope.holders, scope.inputs, scope.world, scope.functions, scope.system, value)
    target = next(
        (target for tests, target in whens if any(_is_case(t, value, inner) for t in tests)),
        otherwise,
    )
    if out is None:
        machine.frame.pc = target
    else:
        machine.write(out, None if target is None else evaluate(target, inner))


def _is_case(test: list[Any], value: Any, scope: Scope) -> bool:
    """Say whether a when holds: of an expression, that it is true, or that it is the value."""
    how, tree = test
    wanted = evaluate(tree, scope)
    if how == "true" or (tree[0] in ("call", "auto", "or") and isinstance(wanted, bool)):
        return truth(wanted)
    if wanted is None or value is None:
        return wanted is None and value is None
    return truth(apply("Is", value, [wanted], scope))


OPS = {
    "unless": _unless,
    "else": _else,
    "jump": _jump,
    "for": _for,
    "next": _next,
    "while": _while,
    "again": _again,
    "break": _break,
    "repeat": _repeat,
    "try": _try,
    "tried": _tried,
    "case": _case,
}
