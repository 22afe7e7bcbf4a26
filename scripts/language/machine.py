"""The interpreter: code and a continuation in, effects through the environment, a continuation out.

It may stop after any instruction; what it holds between two of them is JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scripts.functions import FUNCTIONS
from scripts.language.checking import Assertion, failure, message
from scripts.language.code import Script
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope, bounded, evaluate
from scripts.language.limits import FRAMES
from scripts.language.values import Item, decode, encode, is_empty, to_text, truth


class _TimedOut:
    def __repr__(self) -> str:
        return "TIMED_OUT"


TIMED_OUT = _TimedOut()


@dataclass(frozen=True)
class Wait:
    """Returned by a command to park; `memo` is given back to its resume."""

    memo: Any = None


@dataclass(frozen=True)
class Enter:
    """Returned by a command to run a script, whose RETURN becomes the command's result."""

    version: str
    script: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A command with its evaluated arguments. `version` is that of the file it stands in."""

    word: str
    arguments: dict[str, Any]
    has_output: bool
    paired: bool
    version: str
    script: str
    line: int
    column: int


class Environment(Protocol):
    """What the machine needs of the engine that drives it."""

    def script(self, version: str, name: str) -> tuple[str, Script]: ...
    def execute(self, call: Call) -> Any: ...
    def resume(self, call: Call, memo: Any, signal: Any) -> Any: ...
    def system(self, name: str) -> Any: ...
    def now(self) -> datetime: ...
    def new_uuid(self) -> str: ...
    def log(self, value: Any) -> None: ...


@dataclass
class Frame:
    """One invocation of one script. `out` is where its caller wants the result; `last` is the
    result that a THEN or ELSE looks at."""

    version: str
    script: str
    inputs: dict[str, Any] = field(default_factory=dict)
    holders: dict[str, Any] = field(default_factory=dict)
    pc: int = 0
    out: list[Any] | None = None
    last: bool = False

    def to_json(self) -> list[Any]:
        """Return the frame as JSON."""
        return [
            self.version,
            self.script,
            encode(self.inputs),
            encode(self.holders),
            self.pc,
            self.out,
            self.last,
        ]

    @classmethod
    def from_json(cls, stored: list[Any]) -> Frame:
        """Return the frame that `to_json` stored."""
        version, script, inputs, holders, pc, out, last = stored
        return cls(version, script, decode(inputs), decode(holders), pc, out, last)


@dataclass
class Continuation:
    """A run between two segments. `waiting` holds the memo and arguments of a parked command."""

    frames: list[Frame]
    waiting: dict[str, Any] | None = None
    timed_out: bool = False
    steps: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the continuation as JSON, for the run's row."""
        return {
            "frames": [frame.to_json() for frame in self.frames],
            "waiting": None if self.waiting is None else encode(self.waiting),
            "timed_out": self.timed_out,
            "steps": self.steps,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Continuation:
        """Return the continuation that `to_json` stored."""
        frames = [Frame.from_json(frame) for frame in stored["frames"]]
        waiting = stored["waiting"]
        return cls(
            frames,
            None if waiting is None else decode(waiting),
            stored["timed_out"],
            stored["steps"],
        )


@dataclass(frozen=True)
class Parked:
    """A command waits; the environment knows for what."""


@dataclass(frozen=True)
class Yielded:
    """The budget is spent; there is more to do."""


@dataclass(frozen=True)
class Finished:
    """The first script has returned `value`."""

    value: Any


def start(version: str, script: str, inputs: dict[str, Any]) -> Continuation:
    """Return the continuation of a script that has not begun."""
    return Continuation([Frame(version, script, dict(inputs), dict(inputs))])


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
                if not isinstance(value, Assertion)
            }
            self.continuation.waiting = {"memo": result.memo, "arguments": arguments}
        elif isinstance(result, Enter):
            self.enter(result.version, result.script, result.inputs, out)
        else:
            self.frame.last = truth(result)
            assign(self.frame.holders, out, result)

    def enter(self, version: str, name: str, inputs: dict[str, Any], out: Any) -> None:
        if len(self.continuation.frames) >= FRAMES:
            raise ScriptError(f"more than {FRAMES} scripts deep", kind="limit")
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


def assign(holders: dict[str, Any], out: list[Any] | None, value: Any) -> None:
    """Store a result in `$x`, `$x.Y` or at the end of a list; values are never shared."""
    if out is None:
        return
    mark, name, path = out
    if not path:
        holders[name] = _added(holders.get(name), value) if mark == "+>" else value
        return
    holder = holders.get(name)
    if holder is not None and not isinstance(holder, dict):
        raise ScriptError(f"${name} has no properties", kind="type")
    holders[name] = _placed(holder, path, mark, value)


def _added(old: Any, value: Any) -> list[Any]:
    if is_empty(old):
        old = []
    if not isinstance(old, list):
        raise ScriptError("+> needs a list", kind="type")
    return bounded([*old, *(value if isinstance(value, list) else [value])])


def _placed(old: Any, path: list[str], mark: str, value: Any) -> dict[str, Any]:
    copy = changed(old, {})
    name = path[0]
    if len(path) > 1:
        copy[name] = _placed(copy.get(name) or {}, path[1:], mark, value)
    else:
        copy[name] = _added(copy.get(name), value) if mark == "+>" else value
    return copy


def changed(value: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a map, or of an item, with changes. Raises ScriptError for others."""
    if is_empty(value):
        return dict(changes)
    if isinstance(value, Item):
        return Item({**value, **changes}, set=value.set, key=value.key, state=value.state)
    if isinstance(value, dict):
        return {**value, **changes}
    raise ScriptError("only maps have properties to set", kind="type")


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
