"""WAIT, RACE, HOOK, REEL, IMPRINT, RECALL and ALARM: how scripts stop and go on (section 10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from messaging import clock
from messaging.ids import uuid4
from messaging.syntax import is_uuid
from scripts import library, returns, services
from scripts.errors import refused
from scripts.language.continuation import TIMED_OUT, Call, End, Recall
from scripts.language.errors import ScriptError
from scripts.language.values import Item, as_time, is_empty, is_period, parse_time, to_text
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command
from scripts.step import Step

DEFAULT_WAIT = timedelta(days=7)
FARTHEST_ALARM = timedelta(days=366)
NAME_LIMIT = 100


def hook_name(call: Call) -> str:
    """Return the hook that a command names: a text, or the id of an item. Raises ScriptError."""
    hook = call.arguments.get("Hook")
    if isinstance(hook, Item):
        return hook.key
    name = to_text(hook).strip()
    if not name:
        raise ScriptError(f"{call.word} needs a Hook", kind="type")
    if isinstance(hook, dict | list) or len(name) > NAME_LIMIT:
        raise ScriptError(f"{call.word}: a hook is a short text, or an item", kind="type")
    return name


# -- WAIT and RACE --------------------------------------------------------------------------------


def wait(step: Step, call: Call) -> Any:
    """WAIT h, WAIT period, WAIT time: park until the hook is raced, or time is up.

    What is meant is told by the value: a period or a time is until when, all else a hook (10.8).
    """
    now = clock.now()
    hook, timeout = call.arguments.get("Hook"), call.arguments.get("Timeout")
    deadline = now + DEFAULT_WAIT if is_empty(timeout) else as_time(timeout, now)
    if is_empty(hook) and not is_empty(timeout):
        return step.wait(f"sleep {step.new_uuid()}", deadline=deadline)
    if _is_moment(hook):
        if not is_empty(timeout):
            raise ScriptError("WAIT: one of Hook and Timeout is a hook", kind="type")
        return step.wait(f"sleep {step.new_uuid()}", deadline=as_time(hook, now))
    return step.wait(hook_name(call), deadline=deadline)


def _is_moment(value: Any) -> bool:
    if isinstance(value, datetime):
        return True
    if not isinstance(value, str) or is_uuid(value.strip()):
        return False
    return is_period(value) or parse_time(value) is not None


def waited(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the signal's value; empty when the time was up (see $.Script.TimedOut)."""
    return None if signal is TIMED_OUT else signal


def race(step: Step, call: Call) -> None:
    """RACE h: v: put v into the mailbox h; whoever waits there goes on (10.2)."""
    step.race(hook_name(call), call.arguments.get("Value"))


# -- HOOK and REEL --------------------------------------------------------------------------------


def hook(step: Step, call: Call) -> None:
    """HOOK h: set a return here and go on; empty now, the response each time it is reeled."""
    returns.set_return(step, call, hook_name(call))


def reeled(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    return signal


def reel(step: Step, call: Call) -> End:
    """REEL h: v: take the run back to its HOOK, or race whoever waits there; this run ends."""
    step.race(hook_name(call), call.arguments.get("Value"))
    return End()


def imprint(step: Step, call: Call) -> None:
    """IMPRINT h: keep the values of all holders of this script under h."""
    step.require_verified()
    returns.imprint(step, hook_name(call), dict(call.holders))


def recall(step: Step, call: Call) -> Recall:
    """RECALL h: give the holders that are empty now what they had at the IMPRINT."""
    step.require_verified()
    return Recall(returns.recall(step, hook_name(call)))


# -- ALARM ----------------------------------------------------------------------------------------


def alarm(step: Step, call: Call) -> str | bool:
    """ALARM when: run a script of this file later, once; gives the alarm's id.

    With Cancel and an id instead: take it back, if it has not run; gives whether it had not.
    Raises ScriptError when it is more than a year ahead, or the script is not there.
    """
    step.require_verified()
    cancelled = call.arguments.get("Cancel")
    if not is_empty(cancelled):
        return services.cancel_alarm(to_text(cancelled).strip(), domain=step.domain)
    now = clock.now()
    if is_empty(call.arguments.get("When")) or is_empty(call.arguments.get("Script")):
        raise ScriptError("ALARM needs a time or a period, and a Script", kind="type")
    due_at = as_time(call.arguments["When"], now)
    if due_at > now + FARTHEST_ALARM:
        raise refused("an alarm is at most a year ahead")
    name = to_text(call.arguments["Script"]).strip()
    digest, script = step.script(call.version, name)
    identity = str(uuid4())
    services.start_run(
        library.version(digest),
        script.name,
        domain=step.domain,
        trigger=f"alarm:{identity}",
        inputs=dict(call.arguments.get("Inputs") or {}),
        due_at=due_at,
    )
    return identity


_HOOK = Parameter("Hook", Kind.VALUE, required=True, about="a name, or an item")
_VALUE = Parameter("Value", Kind.VALUE, about="what it is given")
WAIT = Command(
    CommandSpec(
        word="WAIT",
        main="Hook",
        parameters=(
            Parameter("Hook", Kind.VALUE, about="a hook, or a period or time to sleep"),
            Parameter("Timeout", Kind.VALUE, about="how long at most; 7 days if not given"),
        ),
        suspends=True,
        about="Wait until a hook is raced, or for a time.",
    ),
    wait,
    waited,
)
RACE = Command(
    CommandSpec(
        word="RACE",
        main="Hook",
        body="Value",
        parameters=(_HOOK, _VALUE),
        about="Let the run that waits on a hook go on, with a value.",
    ),
    race,
)
HOOK = Command(
    CommandSpec(
        word="HOOK",
        main="Hook",
        parameters=(_HOOK,),
        about="Set a return: the script goes on from here each time that the hook is reeled.",
    ),
    hook,
    reeled,
)
REEL = Command(
    CommandSpec(
        word="REEL",
        main="Hook",
        body="Value",
        parameters=(_HOOK, _VALUE),
        about="Take a run back to its HOOK with a value, and end this one.",
    ),
    reel,
)
IMPRINT = Command(
    CommandSpec(
        word="IMPRINT",
        main="Hook",
        parameters=(_HOOK,),
        about="Keep all holders under a hook.",
    ),
    imprint,
)
RECALL = Command(
    CommandSpec(
        word="RECALL",
        main="Hook",
        parameters=(_HOOK,),
        about="Take back the holders that were kept and are empty now.",
    ),
    recall,
)
ALARM = Command(
    CommandSpec(
        word="ALARM",
        main="When",
        rest="Inputs",
        parameters=(
            Parameter("When", Kind.VALUE, about="a time, or a period from now"),
            Parameter("Script", Kind.NAME, about="a script of this file"),
            Parameter("Inputs", Kind.FIELDS, about="what it is run with"),
            Parameter("Cancel", Kind.VALUE, about="the id of an alarm to take back"),
        ),
        about="Run a script later; gives the alarm's id.",
    ),
    alarm,
)
