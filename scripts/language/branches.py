"""PARALLEL: branches that run one after another until they wait, and then overlap; and TRY, whose
reach goes from a branch up into what it is a branch of.

A branch is a continuation of its own in the frame that stands at the PARALLEL (`Frame.branches`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scripts.language.continuation import Continuation, Frame, Written
from scripts.language.control import rows_of
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope, evaluate
from scripts.language.holders import join
from scripts.language.limits import limits

if TYPE_CHECKING:
    from scripts.language.machine import Machine


def choose(machine: Machine, wanted: Callable[[Continuation], bool]) -> bool:
    """Put the machine on the first leaf that is wanted, in the order of branches; say if any is."""
    machine.continuation = machine.root
    if machine.above:
        machine.above = []
    if machine.root.frames[-1].branches is None:
        return wanted(machine.root)
    return _descend(machine, machine.root, [], wanted)


def _descend(
    machine: Machine,
    continuation: Continuation,
    above: list[Continuation],
    wanted: Callable[[Continuation], bool],
) -> bool:
    if continuation.ended:
        return False
    inner = continuation.frames[-1].branches
    if inner is None:
        machine.continuation, machine.above = continuation, above
        return wanted(continuation)
    return any(_descend(machine, each, [*above, continuation], wanted) for each in inner)


# -- instructions -------------------------------------------------------------------------------


def _parallel(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    """["parallel", l, c, list or None, out or None, [pc, ...], pc behind it]."""
    tree, out, starts, end = instruction[3:7]
    frame = machine.frame
    frame.pc = end
    if tree is None:
        made = [_branch(frame, at) for at in starts]
    else:
        made = [_branch(frame, starts[0], out, row) for row in rows_of(evaluate(tree, scope))]
    if len(made) > limits.branches:
        raise ScriptError(f"more than {limits.branches} branches", kind="limit")
    frame.branches = made or None


def _branch(frame: Frame, pc: int, out: Any = None, row: Any = None) -> Continuation:
    base = Frame(
        frame.version, frame.script, frame.inputs, dict(frame.holders), pc, frame.out, frame.last
    )
    base.written = {}
    if out is not None:
        base.holders[out[1]] = row
        base.written[out[1]] = Written("own", row)
    return Continuation([base])


def _join(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    """The end of a branch; the last one brings together what all have written."""
    machine.continuation.ended = True
    parent = machine.above[-1]
    if all(each.ended for each in parent.frames[-1].branches or []):
        end_parallel(machine)


def end_parallel(machine: Machine) -> None:
    """End the PARALLEL that the machine is in a branch of, and go to the frame that stands at it.

    What waits is abandoned. Raises ScriptError when what was written does not fit together.
    """
    machine.continuation = machine.above.pop()
    frame = machine.continuation.frames[-1]
    branches, frame.branches = frame.branches or [], None
    for branch in branches:
        _give_up(machine, branch)
    for branch in branches:
        join(frame, branch.frames[0].written or {}, machine.sizes)


def _give_up(machine: Machine, branch: Continuation) -> None:
    """Abandon the waits of a branch and of its branches, whose writings it takes over."""
    if branch.waiting is not None:
        machine.environment.abandon(str(branch.waiting.get("hook") or ""))
        branch.waiting = None
    frame = branch.frames[-1]
    inner, frame.branches = frame.branches or [], None
    for each in inner:
        _give_up(machine, each)
        join(frame, each.frames[0].written or {}, machine.sizes)


# -- TRY ----------------------------------------------------------------------------------------


def guarded(machine: Machine) -> bool:
    """Say whether a TRY is around what the machine does now."""
    return any(
        block["kind"] == "try"
        for continuation in (machine.continuation, *machine.above)
        for frame in continuation.frames
        if frame.blocks
        for block in frame.blocks
    )


def catch(machine: Machine, error: ScriptError) -> bool:
    """Go on behind the innermost TRY around an error, which gets its words; say whether there is
    one. A PARALLEL between the two is ended, its other branches with it."""
    if not guarded(machine):
        return False
    while True:
        frames = machine.continuation.frames
        for at in range(len(frames) - 1, -1, -1):
            if _caught(machine, at, error):
                return True
        end_parallel(machine)


def _caught(machine: Machine, at: int, error: ScriptError) -> bool:
    frame = machine.continuation.frames[at]
    for depth in range(len(frame.blocks) - 1, -1, -1):
        block = frame.blocks[depth]
        if block["kind"] == "try":
            del machine.continuation.frames[at + 1 :]
            del frame.blocks[depth:]
            frame.pc = block["end"]
            machine.continuation.waiting = None
            machine.write(block["out"], error.message)
            return True
    return False


OPS = {"parallel": _parallel, "join": _join}
