"""The interpreter: code and a continuation in, effects through the environment, a continuation out.

It may stop after any instruction; what it holds between two of them is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from scripts.functions import FUNCTIONS
from scripts.language import branches, control
from scripts.language.checking import Assertion, failure, written
from scripts.language.code import Script
from scripts.language.continuation import (
    TIMED_OUT,
    Act,
    Call,
    Continuation,
    End,
    Enter,
    Finished,
    Frame,
    Parked,
    Recall,
    Wait,
    Yielded,
)
from scripts.language.errors import ODD_VALUE, ScriptError, of_odd_value
from scripts.language.evaluation import Format, Scope, evaluate
from scripts.language.holders import Sizes, assign, changed
from scripts.language.limits import limits
from scripts.language.values import is_empty, to_text, truth
from scripts.language.work import Meter, metered, spend

WORK_A_STEP = 20_000  # so much work counts as one step more of the run
TRAIL = 200  # places that the log of one segment keeps
UNCAUGHT = ("limit",)  # what no TRY may catch, or a script could go on after it


class Environment(Protocol):
    """What the machine needs of the engine that drives it."""

    def script(self, version: str, name: str) -> tuple[str, Script]: ...
    def execute(self, call: Call) -> Any: ...
    def resume(self, call: Call, memo: Any, signal: Any) -> Any: ...
    def abandon(self, hook: str) -> None: ...
    def asks(self, word: str) -> bool: ...
    def system(self, name: str) -> Any: ...
    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...
    def log(self, value: Any) -> None: ...


def run(
    continuation: Continuation,
    environment: Environment,
    *,
    budget_steps: int = 50,
    meter: Meter | None = None,
) -> Parked | Yielded | Finished:
    """Interpret until commands wait, the script ends or the budget is spent: so many steps, or as
    much work, all that `meter` has counted before included, as one step may do.

    Changes `continuation`. Raises ScriptError, with its place, or Declined.
    """
    return Machine(continuation, environment, meter).run(budget_steps)


def resume(
    continuation: Continuation,
    environment: Environment,
    signal: Any,
    *,
    hook: str = "",
    meter: Meter | None = None,
) -> None:
    """Give a parked command its signal, or TIMED_OUT; afterwards `run` goes on, or it parks again.

    `hook` says which command, when branches wait. Raises ScriptError, Declined, or ValueError when
    nothing waits there.
    """
    Machine(continuation, environment, meter).resume(signal, hook)


class Machine:
    """`continuation` is the run or the branch at work, `above` those it is a branch of."""

    def __init__(
        self, continuation: Continuation, environment: Environment, meter: Meter | None = None
    ) -> None:
        self.root = self.continuation = continuation
        self.above: list[Continuation] = []
        self.environment = environment
        self.finished: Finished | None = None
        self.sizes: Sizes = {}
        self.meter = Meter() if meter is None else meter

    @property
    def frame(self) -> Frame:
        return self.continuation.frames[-1]

    def run(self, budget: int) -> Parked | Yielded | Finished:
        with self.blamed():
            return self._run(budget)

    def _run(self, budget: int) -> Parked | Yielded | Finished:
        while self.finished is None:
            if self.root.end is not None:
                return Finished(None, self.root.end)
            if not branches.choose(self, lambda leaf: leaf.waiting is None):
                return Parked()
            if self.root.pause:
                self.root.pause = False
                return Yielded(wanted=True)
            if budget <= 0 or self.meter.spent >= limits.step_work:
                return Yielded()
            budget -= 1
            spent = self.meter.spent
            self.step()
            # Work is steps, too, or a run could go on for a day within its number of steps.
            self.root.steps += 1 + (self.meter.spent - spent) // WORK_A_STEP
        return self.finished

    def step(self) -> None:
        frame = self.frame
        script = self.environment.script(frame.version, frame.script)[1]
        if frame.pc >= len(script.code):
            self.leave(None)
            return
        instruction = script.code[frame.pc]
        frame.pc += 1
        if len(self.root.trail) < TRAIL:
            self.root.trail.append((frame.version, frame.script, instruction[1]))
        try:
            if self.root.steps >= limits.run_steps:
                raise ScriptError(f"more than {limits.run_steps} steps", kind="limit")
            self.meter.allow(limits.step_work)
            with metered(self.meter):
                _OPS[instruction[0]](self, instruction, self.scope())
        except ScriptError as error:
            self.failed(error, frame.script, instruction)
        except ODD_VALUE as odd:
            if instruction[0] == "do":  # what a command does with rows and messages is the engine's
                raise
            self.failed(of_odd_value(odd), frame.script, instruction)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Keep the frames at work when anything is raised, for who asks whose code it was."""
        try:
            yield
        except Exception:
            at_work = (*self.above, self.continuation)
            self.root.at_fault = [frame for each in at_work for frame in each.frames]
            raise

    def resume(self, signal: Any, hook: str) -> None:
        with self.blamed():
            self._resume(signal, hook)

    def _resume(self, signal: Any, hook: str) -> None:
        if not branches.choose(self, lambda leaf: _waits(leaf, hook)):
            raise ValueError("nothing waits")
        waiting = self.continuation.waiting or {}
        self.continuation.waiting = None
        self.continuation.timed_out = signal is TIMED_OUT
        frame = self.frame
        script = self.environment.script(frame.version, frame.script)[1]
        instruction = script.code[frame.pc - 1]
        self.root.trail.append((frame.version, frame.script, instruction[1]))
        try:
            call = self.call(instruction, waiting["arguments"])
            self.meter.allow(limits.step_work)
            with metered(self.meter):
                result = self.environment.resume(call, waiting["memo"], signal)
            if self.environment.asks(call.word) and not isinstance(result, Wait | End | Enter):
                self.root.answer = result
            self.outcome(call, instruction, result)
        except ScriptError as error:
            self.failed(error, frame.script, instruction)

    def failed(self, error: ScriptError, script: str, instruction: list[Any]) -> None:
        """Give an error its place; go on behind the TRY around it, or raise it."""
        if not error.script:
            error.script = script
            error.line, error.column = instruction[1], instruction[2]
        if error.kind in UNCAUGHT or not branches.catch(self, error):
            raise error

    # -- names ------------------------------------------------------------------------------

    def scope(self) -> Scope:
        frame = self.frame
        return Scope(frame.holders, frame.inputs, self.environment, FUNCTIONS, self.system)

    def system(self, name: str) -> Any:
        if name == "Inputs":
            return self.frame.inputs
        if name == "Holders":
            return dict(self.frame.holders)
        if name == "Script":
            return {
                "HasOutput": self.frame.out is not None,
                "TimedOut": self.continuation.timed_out,
            }
        own = self.frame.holders.get(f".{name}")
        return self.environment.system(name) if own is None else own

    def write(self, out: Any, value: Any, part: Any = None) -> None:
        assign(self.frame, out, value, self.sizes, part)

    # -- commands ---------------------------------------------------------------------------

    def call(self, instruction: list[Any], arguments: dict[str, Any]) -> Call:
        _, line, column, word, _, out, paired = instruction
        frame = self.frame
        return Call(
            word,
            arguments,
            out is not None,
            paired,
            frame.version,
            frame.script,
            line,
            column,
            branches.guarded(self),
            frame.holders,
        )

    def outcome(self, call: Call, instruction: list[Any], result: Any) -> None:
        out = instruction[5]
        if isinstance(result, Wait):
            self.park(call, result)
        elif isinstance(result, Act):
            self.frame.pc = instruction[4][result.name][1]
        elif isinstance(result, Enter):
            self.enter(result.version, result.script, result.inputs, out)
        elif isinstance(result, End):
            self.root.end = result
        elif isinstance(result, Recall):
            for name, value in result.holders.items():
                if is_empty(self.frame.holders.get(name)):
                    self.write([">>", name, []], value)
        else:
            self.frame.last = truth(result)
            self.write(out, result)

    def park(self, call: Call, wait: Wait) -> None:
        self.continuation.waiting = waiting(call, wait)
        open_waits = sum(leaf.waiting is not None for leaf in self.root.leaves())
        if open_waits > limits.open_waits:
            raise ScriptError(f"more than {limits.open_waits} waits at once", kind="limit")

    def enter(self, version: str, name: str, inputs: dict[str, Any], out: Any) -> None:
        deep = sum(len(each.frames) for each in (*self.above, self.continuation))
        if deep >= limits.frames:
            raise ScriptError(f"more than {limits.frames} scripts deep", kind="limit")
        found, script = self.environment.script(version, name)
        self.continuation.frames.append(
            Frame(found, script.name, dict(inputs), dict(inputs), out=out)
        )

    def leave(self, value: Any) -> None:
        """End the script of this frame with a value; out of a branch, its PARALLEL ends too."""
        while self.above and len(self.continuation.frames) == 1:
            branches.end_parallel(self)
        ended = self.continuation.frames.pop()
        if not self.continuation.frames:
            self.finished = Finished(value)
            return
        self.frame.last = truth(value)
        self.write(ended.out, value)


def waiting(call: Call, wait: Wait) -> dict[str, Any]:
    """Return what is kept of a command that waits."""
    arguments = {
        name: value
        for name, value in call.arguments.items()
        if not isinstance(value, Assertion | Format)
    }
    return {"memo": wait.memo, "arguments": arguments, "hook": wait.hook}


def _waits(leaf: Continuation, hook: str) -> bool:
    return leaf.waiting is not None and (leaf.waiting.get("hook") or hook) == (
        hook or leaf.waiting.get("hook")
    )


# -- instructions -------------------------------------------------------------------------------


def _do(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    arguments = {
        name: Assertion(tree, scope) if isinstance(tree, dict) else evaluate(tree, scope)
        for name, tree in instruction[4].items()
    }
    call = machine.call(instruction, arguments)
    machine.outcome(call, instruction, machine.environment.execute(call))


def _put(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    machine.write(instruction[4], evaluate(instruction[3], scope))


def _set(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    target, changes = instruction[3], instruction[4]
    value = evaluate(target, scope)
    new: Any
    if isinstance(value, list):
        part = None
        spend(sum(2 + len(row) for row in value if isinstance(row, dict)))
        new = [changed(row, _changes(changes, scope, row)) for row in value]
    else:
        part = _changes(changes, scope, value)
        new = changed(value, part)
    path: list[str] = []
    while target[0] == "prop":
        path.insert(0, target[2])
        target = target[1]
    name = f".{target[1]}" if target[0] == "system" else target[1]
    machine.write([">>", name, path], new, part)


def _changes(changes: list[Any], scope: Scope, row: Any) -> dict[str, Any]:
    """Return the new properties of one row, which may be made of its old ones."""
    inner = Scope(scope.holders, scope.inputs, scope.world, scope.functions, scope.system, row)
    return {
        key if isinstance(key, str) else to_text(evaluate(key, inner)): evaluate(tree, inner)
        for key, tree in changes
    }


def _assert(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    assertion, out = instruction[3], instruction[4]
    failed = failure(assertion, scope)
    if out is not None:
        machine.write(out, failed is None)
    elif failed is not None:
        said = written(assertion, scope)
        raise ScriptError(said or f"does not hold: {failed}", kind="assertion", said=said)


def _run(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    name = to_text(evaluate(instruction[3], scope))
    inputs: dict[str, Any] = {}
    for key, tree in instruction[4]:
        value = evaluate(tree, scope)
        if key is not None:
            inputs[key] = value
        elif isinstance(value, dict):
            inputs.update(value)
        elif value is not None:
            raise ScriptError("only a map can be spread into inputs", kind="type")
    machine.enter(machine.frame.version, name, inputs, instruction[5])


def _return(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    machine.leave(evaluate(instruction[3], scope))


def _log(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    try:
        machine.environment.log(evaluate(instruction[3], scope))
    except ScriptError as error:  # LOG never fails a script (5.1)
        machine.environment.log(f"not logged: {error.message}")


def _error(machine: Machine, instruction: list[Any], scope: Scope) -> None:
    said = to_text(evaluate(instruction[3], scope))
    raise ScriptError(said or "the script raised an error", said=said)


_OPS: dict[str, Callable[[Any, list[Any], Scope], None]] = {
    "do": _do,
    "put": _put,
    "set": _set,
    "assert": _assert,
    "run": _run,
    "return": _return,
    "log": _log,
    "error": _error,
    **control.OPS,
    **branches.OPS,
}
