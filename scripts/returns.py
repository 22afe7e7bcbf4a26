"""Returns: places that a run can be taken back to, each time that its hook is reeled (10.2).

A return is a mailbox in the state LIVE, and the run's continuation as it was there, parked at the
command that set it. A signal to it wakes the run; its next advance goes back before it does
anything else. What was saved and sent since then stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from messaging import clock
from scripts import hooks, quotas, wakes
from scripts.errors import refused
from scripts.language.continuation import Call, Continuation, Wait
from scripts.language.errors import ScriptError
from scripts.language.machine import waiting
from scripts.language.values import decode, encode
from scripts.models import Checkpoint, Hook, Imprint, Run, Signal, Timer
from scripts.states import HookState, RunState, SignalState

if TYPE_CHECKING:
    from scripts.step import Step


MOST_RETURNS = 100  # of a run: each is a copy of its continuation
MOST_IMPRINTS = 100


def set_return(step: Step, call: Call, name: str, *, expects: str = "", memo: Any = None) -> None:
    """Let a signal to hook `name` take the run of `step` back to this command, any number of times.

    `expects` says who may, by default this run's own domain. Raises ScriptError inside PARALLEL,
    where there is no one place to go back to, and when another run is at the hook.
    """
    step.require_verified()
    quotas.count("rows")
    run, continuation = step.run, step.continuation
    if any(frame.branches for frame in continuation.frames):
        raise refused(f"{call.word} cannot set a return inside PARALLEL")
    hook = hooks.locked_hook(step.domain, name)
    if hook.run_id not in (None, run.pk) or hook.state == HookState.OPEN:
        raise refused(f"somebody already waits on {name}")
    _forget_oldest(run)
    hook.state, hook.run, hook.expects = HookState.LIVE, run, expects or f"domain:{step.domain}"
    hook.deadline = None
    hook.save(update_fields=["state", "run", "expects", "deadline"])
    run.checkpoints += 1
    snapshot = continuation.parked_copy(waiting(call, Wait(memo, str(hook.pk))))
    Checkpoint.objects.update_or_create(
        hook=hook,
        defaults={"run": run, "number": run.checkpoints, "continuation": snapshot},
    )
    if hook.signals.filter(state=SignalState.NEW).exists():
        wakes.wake(run.pk)  # it was reeled before it was set


def _forget_oldest(run: Run) -> None:
    """Let the oldest return of a run lead nowhere, where it has as many as may be."""
    older = run.returns.order_by("-number")[MOST_RETURNS - 1 :]
    surplus = list(older.values_list("hook_id", flat=True))
    if surplus:
        _close(Hook.objects.filter(pk__in=surplus))


def due_return(run: Run | None) -> tuple[Checkpoint, Signal] | None:
    """Return where the run is to go back to now, and why; None when it need not.

    Of several signals the oldest counts first. Signals of strangers are refused here.
    """
    if run is None or not run.checkpoints:
        return None
    signals = Signal.objects.filter(
        hook__run=run, hook__state=HookState.LIVE, state=SignalState.NEW
    )
    for signal in signals.select_related("hook").order_by("created_at", "id"):
        if signal.origin != signal.hook.expects:
            hooks.MARK_SIGNAL(SignalState.REFUSED, signal.pk)
            continue
        found = Checkpoint.objects.filter(hook=signal.hook).select_related("hook").first()
        if found is not None:
            return found, signal
    return None


def go_back(run: Run, checkpoint: Checkpoint, signal: Signal) -> tuple[Continuation, Any]:
    """Take a run back; return its continuation, parked there, and what it was reeled with.

    What it waits for is given up, and so are the returns it has set since. Runs in the advance's
    transaction, with the run locked.
    """
    before = Continuation.from_json(run.continuation)
    hooks.MARK_SIGNAL(SignalState.CONSUMED, signal.pk)
    hooks.give_up_waits(run.pk)
    Timer.objects.filter(run=run).delete()
    later = run.returns.filter(number__gt=checkpoint.number)
    _close(Hook.objects.filter(checkpoint__in=later))
    run.checkpoints += 1
    run.take_back()
    continuation = Continuation.from_json(checkpoint.continuation)
    # Or a script could go round for ever within its limits.
    continuation.steps, continuation.used = before.steps, before.used
    return continuation, decode(signal.value)


def end_returns(domain: str, runs: Iterable[UUID]) -> None:
    """Let the returns of these runs lead nowhere any more."""
    _close(Hook.objects.filter(domain=domain, run__in=runs, state=HookState.LIVE))


def end_named(domain: str, names: Iterable[str]) -> None:
    """Let these returns lead nowhere any more."""
    _close(Hook.objects.filter(domain=domain, name__in=names, state=HookState.LIVE))


def end(run: Run) -> None:
    """Let no return of an ended run lead anywhere any more."""
    if run.checkpoints:
        Checkpoint.objects.filter(run=run).delete()


def refuse(checkpoint: Checkpoint) -> None:
    """Close a return that may not be taken any more; what is still in its mailbox is late."""
    hook = checkpoint.hook
    _close(Hook.objects.filter(pk=hook.pk))
    hook.signals.filter(state=SignalState.NEW).update(state=SignalState.LATE)


def settle(signal: Signal) -> None:
    """Let the signal that has woken a run count no more, whatever came of it.

    Were it still new it would wake the run again, for ever.
    """
    Signal.objects.filter(pk=signal.pk, state=SignalState.NEW).update(state=SignalState.LATE)


def outlast(run: Run) -> bool:
    """Say whether a run that has ended well may still be taken back: until its chat is closed.

    One without a chat may only finish what it was already reeled with.
    """
    if not run.checkpoints or run.state != RunState.DONE or run.message_id is not None:
        return False
    if run.chat is not None:
        return True
    reeled = Signal.objects.filter(hook__run=run, hook__state=HookState.LIVE, state=SignalState.NEW)
    return reeled.exists()


def imprint(step: Step, name: str, holders: dict[str, Any]) -> None:
    """Keep holders under a hook; the same hook again keeps the new ones.

    Raises ScriptError when the run has kept some under as many as may be.
    """
    quotas.count("rows")
    others = Imprint.objects.filter(run=step.run).exclude(hook=name)
    if others.count() >= MOST_IMPRINTS:
        raise ScriptError(f"more than {MOST_IMPRINTS} imprints of a run", kind="limit")
    Imprint.objects.update_or_create(
        domain=step.domain,
        hook=name,
        run=step.run,
        defaults={"holders": encode(holders), "recalled_at": None},
    )


def recall(step: Step, name: str) -> dict[str, Any]:
    """Return the holders that this run kept under a hook; none when it kept nothing there."""
    found = Imprint.objects.filter(domain=step.domain, hook=name, run=step.run).first()
    if found is None:
        return {}
    Imprint.objects.filter(pk=found.pk).update(recalled_at=clock.now())
    return dict(decode(found.holders))


def _close(found: Any) -> None:
    ids = list(found.values_list("pk", flat=True))
    Checkpoint.objects.filter(hook_id__in=ids).delete()
    Hook.objects.filter(pk__in=ids).update(state=HookState.CLOSED, run=None)
