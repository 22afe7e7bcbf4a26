"""Why a run is where it is, in one sentence for an operator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from messaging.models import OutboxMessage
from scripts import library
from scripts.errors import UnknownScript
from scripts.language.continuation import Continuation
from scripts.language.errors import ScriptError
from scripts.models import Hook, Quarantine, Ready, Run, Timer
from scripts.states import HookState, RunState


def why(run: Run) -> str:
    """Return what the run waits for, or how it ended. Times are UTC."""
    told: dict[str, Callable[[Run], str]] = {
        RunState.READY: _ready,
        RunState.WAITING: _waiting,
        RunState.QUARANTINED: _quarantined,
        RunState.FAILED: lambda run: f"Failed{_at(run.finished_at)}: {run.error}{_talker(run)}",
        RunState.CANCELLED: lambda run: f"Cancelled{_at(run.finished_at)}: {run.error}",
        RunState.DECLINED: lambda run: f"Ended{_at(run.finished_at)}: the person said no.",
        RunState.DONE: lambda run: f"Done{_at(run.finished_at)}.",
    }
    return told[run.state](run)


def _at(moment: datetime | None) -> str:
    return "" if moment is None else f" at {moment:%Y-%m-%d %H:%M:%S} UTC"


def _talker(run: Run) -> str:
    """Say whose script a run was in, where that is not what it began with."""
    if not run.talker or run.talker == run.version_id:
        return ""
    try:
        return f" (in {library.version(run.talker).name} {run.talker[:12]})"
    except UnknownScript:
        return ""


def place(run: Run) -> str:
    """Return where in its script the run stands, such as `line 4 of Order (ISSUE)`."""
    try:
        places = [_place(leaf) for leaf in Continuation.from_json(run.continuation).leaves()]
    except (ValueError, LookupError, TypeError, AttributeError, ScriptError) as fault:
        return f"a place that nobody can tell: what is kept of it is damaged ({fault!r:.100})"
    return ", and ".join(places) or "the beginning"


def _place(leaf: Continuation) -> str:
    frame = leaf.frames[-1]
    try:
        script = library.version(frame.version).file.scripts[frame.script]
    except (UnknownScript, KeyError):
        return frame.script
    position = max(frame.pc - 1, 0) if leaf.waiting is not None else frame.pc
    if position >= len(script.code):
        return f"the end of {frame.script}"
    instruction = script.code[position]
    word = f" ({instruction[3]})" if instruction[0] == "do" else ""
    return f"line {instruction[1]} of {frame.script}{word}"


def _ready(run: Run) -> str:
    row = Ready.objects.filter(run=run).first()
    if row is None:
        return "Ready, and nobody will wake it: this is a fault of the engine, tell its makers."
    if run.version.stopped_at is not None and not run.rev:
        held = f"Held back since{_at(run.created_at)[3:]}"
        return f"{held}: its version does not start ({run.version.stopped_why})."
    tried = f", tried {row.attempts} times" if row.attempts else ""
    return f"Owed an advance{_at(row.due_at)}{tried}; it stands at {place(run)}."


def _waiting(run: Run) -> str:
    timer = Timer.objects.filter(run=run).first()
    if run.hook_id is None:
        return f"Starts{_at(timer.due_at if timer else None)}."
    open_hooks = Hook.objects.filter(run=run, state__in=(HookState.OPEN, HookState.FILLED))
    hooks = list(open_hooks) or [Hook.objects.get(pk=run.hook_id)]
    for_what = ", and ".join(
        f"for {hook.name}, to be answered by {hook.expects}"
        + (f", until{_at(hook.deadline)[3:]}" if hook.deadline else "")
        for hook in hooks
    )
    owed = OutboxMessage.objects.filter(origin=str(run.pk), state="DUE").count()
    messages = f" {owed} of its messages are not delivered yet." if owed else ""
    return f"Waits at {place(run)} {for_what}.{messages}"


def _quarantined(run: Run) -> str:
    last = Quarantine.objects.filter(run=run).order_by("-at").first()
    if last is None:
        return f"Set aside: {run.error}"
    tried = f"{last.attempts} attempts to go on from {place(run)}"
    where = f", in {last.blame}" if last.blame else ", in no author's script: the fault is ours"
    return f"Set aside{_at(last.at)} after {tried}: {last.fault}{where}"
