"""WAIT, RACE and REEL: one script stops until another says how to go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from messaging import clock
from scripts.language.continuation import TIMED_OUT, Call
from scripts.language.errors import ScriptError
from scripts.language.values import as_time
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command
from scripts.step import Step

DEFAULT_WAIT = timedelta(days=7)


def wait(step: Step, call: Call) -> Any:
    """WAIT: park until the hook is raced by one of this domain's own scripts, or time is up."""
    hook = call.arguments.get("Hook")
    if not hook:
        raise ScriptError("WAIT needs a Hook", kind="type")
    now = clock.now()
    timeout = call.arguments.get("Timeout")
    deadline = now + DEFAULT_WAIT if timeout in (None, "") else as_time(timeout, now)
    return step.wait(str(hook), deadline=deadline)


def waited(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the signal's value; empty when the time was up (see $.Script.TimedOut)."""
    return None if signal is TIMED_OUT else signal


def race(step: Step, call: Call) -> None:
    """RACE h: v: put v into the mailbox h; whoever waits there goes on (10.2)."""
    hook = call.arguments.get("Hook")
    if not hook:
        raise ScriptError(f"{call.word} needs a Hook", kind="type")
    step.race(str(hook), call.arguments.get("Value"))


WAIT = Command(
    CommandSpec(
        word="WAIT",
        main="Hook",
        parameters=(Parameter("Hook", Kind.VALUE, required=True), Parameter("Timeout", Kind.VALUE)),
        suspends=True,
    ),
    wait,
    waited,
)
_RACE_PARAMETERS = (Parameter("Hook", Kind.VALUE, required=True), Parameter("Value", Kind.VALUE))
RACE = Command(
    CommandSpec(word="RACE", main="Hook", body="Value", parameters=_RACE_PARAMETERS), race
)
# Every hook of this release is made by a WAIT, where REEL races (design section 6.5).
REEL = Command(
    CommandSpec(word="REEL", main="Hook", body="Value", parameters=_RACE_PARAMETERS), race
)
