"""The interpreter: code and a continuation in, effects through the environment, a continuation out.

It may stop after any instruction; what it holds between two of them is JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from scripts.functions import FUNCTIONS
from scripts.language.checking import Assertion, failure, message
from scripts.language.code import Script
from scripts.language.continuation import (
    TIMED_OUT,
    Act,
    Call,
    Continuation,
    Enter,
    Finished,
    Frame,
    Parked,
    Wait,
    Yielded,
)
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Format, Scope, evaluate
from scripts.language.holders import assign, changed
from scripts.language.limits import limits
from scripts.language.values import to_text, truth


class Environment(Protocol):
    """What the machine needs of the engine that drives it."""

    def script(self, version: str, name: str) -> tuple[str, Script]: ...
    def execute(self, call: Call) -> Any: ...
    def resume(self, call: Call, memo: Any, signal: Any) -> Any: ...
    def system(self, name: str) -> Any: ...
    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...
    def log(self, value: Any) -> None: ...


def run(
    continuation: Continuation, environment: Environment, *, budget_steps: int = 50
) -> Parked | Yielded | Finished:
    """Interpret until a command parks, the script ends or the budget is spent.

    Changes `continuation`. Raises ScriptError, with its place, or Declined.
    """
    return _Machine(continuation, environment).run(budget_steps)


def resume(continuation: Continuation, environment: Environment, signal: Any) -> None:
    """Give a parked command its signal, or TIMED_OUT; afterwards `run` goes on, or it parks again.

    Raises ScriptError or Declined.
    """
    _Machine(continuation, environment).resume(signal)


class _Machine:
    def __init__(self, continuation: Continuation, environment: Environment) -> None:
        self.continuation = continuation
        self.environment = environment
        self.finished: Finished | None = None

    @property
    def frame(self) -> Frame:
        return self.continuation.frames[-1]

    def run(self, budget: int) -> Parked | Yielded | Finished:
        while self.continuation.waiting is None:
            if self.finished is not None:
                return self.finished
            if budget <= 0:
                return Yielded()
            budget -= 1
            self.continuation.steps += 1
            self.step()
        return Parked()

    def step(self) -> None:
        frame = self.frame
        script = self.environment.script(frame.version, frame.script)[1]
        if frame.pc >= len(script.code):
            self.leave(None)
            return
        instruction = script.code[frame.pc]
        frame.pc += 1
        with _Place(frame.script, instruction):
            _OPS[instruction[0]](self, instruction, self.scope())

    def resume(self, signal: Any) -> None:
        waiting = self.continuation.waiting
        if waiting is None:
            raise ValueError("nothing waits")
        self.continuation.waiting = None
        self.continuation.timed_out = signal is TIMED_OUT
        frame = self.frame
        script = self.environment.script(frame.version, frame.script)[1]
        instruction = script.code[frame.pc - 1]
        with _Place(frame.script, instruction):
            call = self.call(instruction, waiting["arguments"])
            result = self.environment.resume(call, waiting["memo"], signal)
            self.outcome(call, instruction, result)

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
        return self.environment.system(name)

    # -- commands ---------------------------------------------------------------------------

    def call(self, instruction: list[Any], arguments: dict[str, Any]) -> Call:
        _, line, column, word, _, out, paired = instruction
        frame = self.frame
        return Call(
            word, arguments, out is not None, paired, frame.version, frame.script, line, column
        )

    def outcome(self, call: Call, instruction: list[Any], result: Any) -> None:
        out = instruction[5]
        if isinstance(result, Wait):
            arguments = {
                name: value
                for name, value in call.arguments.items()
                if not isinstance(value, Assertion | Format)
            }
            self.continuation.waiting = {"memo": result.memo, "arguments": arguments}
        elif isinstance(result, Act):
            self.frame.pc = instruction[4][result.name][1]
        elif isinstance(result, Enter):
            self.enter(result.version, result.script, result.inputs, out)
        else:
            self.frame.last = truth(result)
            assign(self.frame.holders, out, result)

    def enter(self, version: str, name: str, inputs: dict[str, Any], out: Any) -> None:
        if len(self.continuation.frames) >= limits.frames:
            raise ScriptError(f"more than {limits.frames} scripts deep", kind="limit")
        found, script = self.environment.script(version, name)
        self.continuation.frames.append(
            Frame(found, script.name, dict(inputs), dict(inputs), out=out)
        )

    def leave(self, value: Any) -> None:
        ended = self.continuation.frames.pop()
        if not self.continuation.frames:
            self.finished = Finished(value)
            return
        self.frame.last = truth(value)
        assign(self.frame.holders, ended.out, value)


class _Place:
    """Puts the place of an instruction into an error that has none yet."""

    def __init__(self, script: str, instruction: list[Any]) -> None:
        self.script = script
        self.instruction = instruction

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ScriptError) and not error.script:
            error.script = self.script
            error.line, error.column = self.instruction[1], self.instruction[2]


# -- instructions -------------------------------------------------------------------------------


def _do(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    arguments = {
        name: Assertion(tree, scope) if isinstance(tree, dict) else evaluate(tree, scope)
        for name, tree in instruction[4].items()
    }
    call = machine.call(instruction, arguments)
    machine.outcome(call, instruction, machine.environment.execute(call))


def _put(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    assign(machine.frame.holders, instruction[4], evaluate(instruction[3], scope))


def _set(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    target, changes = instruction[3], instruction[4]
    new = {key: evaluate(tree, scope) for key, tree in changes}
    value = evaluate(target, scope)
    path: list[str] = []
    while target[0] == "prop":
        path.insert(0, target[2])
        target = target[1]
    assign(machine.frame.holders, [">>", target[1], path], changed(value, new))


def _assert(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    assertion, out = instruction[3], instruction[4]
    failed = failure(assertion, scope)
    if out is not None:
        assign(machine.frame.holders, out, failed is None)
    elif failed is not None:
        raise ScriptError(message(assertion, failed, scope), kind="assertion")


def _unless(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    assertion, negated, target = instruction[3:6]
    if (failure(assertion, scope) is None) == negated:
        machine.frame.pc = target


def _else(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    if not machine.frame.last:
        machine.frame.pc = instruction[3]


def _jump(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    machine.frame.pc = instruction[3]


def _run(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    name = to_text(evaluate(instruction[3], scope))
    inputs = {key: evaluate(tree, scope) for key, tree in instruction[4]}
    machine.enter(machine.frame.version, name, inputs, instruction[5])


def _return(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    machine.leave(evaluate(instruction[3], scope))


def _log(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    machine.environment.log(evaluate(instruction[3], scope))


def _error(machine: _Machine, instruction: list[Any], scope: Scope) -> None:
    raise ScriptError(to_text(evaluate(instruction[3], scope)) or "the script raised an error")


_OPS: dict[str, Callable[[_Machine, list[Any], Scope], None]] = {
    "do": _do,
    "put": _put,
    "set": _set,
    "assert": _assert,
    "unless": _unless,
    "else": _else,
    "jump": _jump,
    "run": _run,
    "return": _return,
    "log": _log,
    "error": _error,
}
