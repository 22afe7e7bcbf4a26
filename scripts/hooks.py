"""Mailboxes: opening one, sending to it, and the single winner between answer and deadline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from messaging import clock, points, rows
from scripts.errors import refused
from scripts.language.values import decode, encode
from scripts.models import Hook, Run, Signal
from scripts.registry import registry
from scripts.states import HookState, SignalState
from scripts.wakes import wake

MOST_SIGNALS = 100  # that wait in one mailbox
LOCKED_BY_NAME = rows.Select(Hook, "domain", "name", lock=rows.FOR_NO_KEY_UPDATE)
LOCKED_BY_ID = rows.Select(Hook, "pk", lock=rows.FOR_NO_KEY_UPDATE)
OPEN_HOOK = rows.Update(Hook, "pk", sets=("state", "run", "deadline", "expects"))
MOVE_HOOK = rows.Update(Hook, "pk", sets=("state",))
LEAVE_HOOK = rows.Update(Hook, "pk", sets=("state", "run"))
NEW_SIGNALS = rows.Select(Signal, "hook", "state", rest="ORDER BY created_at, id")
LAST_SIGNAL = rows.Select(Signal, "hook", rest="ORDER BY created_at DESC, id DESC LIMIT 1")
MARK_SIGNAL = rows.Update(Signal, "pk", sets=("state",))


def locked_hook(domain: str, name: str) -> Hook:
    """Return the hook of this name, made if needed, locked until the transaction ends."""
    fresh = Hook(domain=domain, name=name, created_at=clock.now())
    # A hook that we have just inserted is ours alone until we commit.
    return fresh if rows.insert_new(fresh) else LOCKED_BY_NAME.get(domain, name)


def open_hook(run: Run, name: str, *, deadline: datetime, expects: str) -> Hook:
    """Let `run` wait on hook `name` until `deadline` (UTC), for an answer of `expects`.

    Raises ScriptError when another live run waits there.
    """
    hook = locked_hook(run.domain, name)
    # Also when the deadline has closed it: until that run has been told, the mailbox is its own.
    if hook.run_id not in (None, run.pk):
        raise refused(f"somebody else already waits on {name}")
    if hook.state == HookState.LIVE:
        raise refused(f"{name} is a return: a HOOK is not waited for, it is reeled")
    hook.state, hook.run, hook.deadline, hook.expects = HookState.OPEN, run, deadline, expects
    OPEN_HOOK(hook.state, run.pk, deadline, expects, hook.pk)
    return hook


def send_signal(*, domain: str, name: str, source: str, origin: str, value: Any) -> SignalState:
    """Put `value` into the mailbox `name`; a source sends there once, repeats change nothing.

    Returns NEW (accepted, now or for the next WAIT), LATE (the deadline was decided first),
    CONSUMED (an earlier repeat was taken) or REFUSED (the wait expects somebody else).
    """
    with transaction.atomic(savepoint=False):
        hook = locked_hook(domain, name)
        points.reach("signal_locked")
        waiting = Signal.objects.filter(hook=hook, state=SignalState.NEW)
        if hook.state != HookState.OPEN and _is_full(waiting, source):
            return SignalState.REFUSED
        signal = Signal(
            hook=hook, source=source, origin=origin, value=encode(value), created_at=_turn(hook)
        )
        if not rows.insert_new(signal):
            return SignalState(Signal.objects.get(hook=hook, source=source).state)
        if hook.state == HookState.CLOSED:
            return _mark(signal, SignalState.LATE)
        if hook.state not in (HookState.OPEN, HookState.LIVE):
            return SignalState.NEW
        if hook.expects != origin:
            return _mark(signal, SignalState.REFUSED)
        if hook.state == HookState.LIVE and hook.run_id is not None:
            wake(hook.run_id)  # its next advance goes back to where the return was set
            return SignalState.NEW
        if hook.deadline is not None and hook.deadline <= clock.now():
            # The advance that closes the hook is on its way; the decision is stored here.
            Hook.objects.filter(pk=hook.pk, state=HookState.OPEN).update(state=HookState.CLOSED)
            if hook.run_id is not None:
                wake(hook.run_id)
            return _mark(signal, SignalState.LATE)
        Hook.objects.filter(pk=hook.pk, state=HookState.OPEN).update(state=HookState.FILLED)
        if hook.run_id is not None:
            wake(hook.run_id)
        points.reach("signal_filled")
        return SignalState.NEW


def _turn(hook: Hook) -> datetime:
    """Return now, or a moment after the locked mailbox's last signal if our clock is behind.

    Signals are taken in the order they came in, and the machines they came in by have clocks
    of their own. While the mailbox is waited on nothing is kept in it, nor when it is closed.
    """
    now = clock.now()
    if hook.state in (HookState.OPEN, HookState.CLOSED):
        return now
    last = LAST_SIGNAL.first(hook.pk)
    return now if last is None else max(now, last.created_at + timedelta(microseconds=1))


def _is_full(waiting: QuerySet[Signal], source: str) -> bool:
    """Say whether as many signals as may be wait in a mailbox, and this is none of them."""
    full = waiting.order_by().values_list("pk", flat=True)[MOST_SIGNALS - 1 : MOST_SIGNALS]
    return bool(full) and not waiting.filter(source=source).exists()


def _mark(signal: Signal, state: SignalState) -> SignalState:
    MARK_SIGNAL(state, signal.pk)
    return state


class Undecided(Exception):
    """Neither an answer nor the deadline has come: the run stays parked until `deadline`."""

    def __init__(self, deadline: datetime | None) -> None:
        super().__init__()
        self.deadline = deadline


def take(hook_id: Any) -> tuple[bool, Any]:
    """Decide a wait: return (answered, value), and store the decision on the hook's row.

    Returns (False, None) when the deadline won. Raises Undecided. Runs in the advance's
    transaction, with the run locked.
    """
    hook = LOCKED_BY_ID.get(hook_id)
    points.reach("wait_read")
    if hook.state != HookState.CLOSED:
        for signal in NEW_SIGNALS.all(hook.pk, SignalState.NEW):
            if signal.origin != hook.expects:
                _mark(signal, SignalState.REFUSED)
                continue
            _mark(signal, SignalState.CONSUMED)
            LEAVE_HOOK(HookState.IDLE, None, hook.pk)
            return True, decode(signal.value)
        if hook.deadline is None or hook.deadline > clock.now():
            if hook.state != HookState.OPEN:
                MOVE_HOOK(HookState.OPEN, hook.pk)
            raise Undecided(hook.deadline)
    LEAVE_HOOK(HookState.CLOSED, None, hook.pk)
    return False, None


# -- giving up ------------------------------------------------------------------------------------


def abandon(run_id: UUID, hook_id: str) -> None:
    """Give up one wait of a run that goes on: a branch of PARALLEL that was ended."""
    let_go(run_id, _close(Hook.objects.filter(pk=hook_id)))


def give_up_waits(run_id: UUID) -> None:
    """Give up all that a run waits for; the returns that it has set stay."""
    let_go(run_id, _close(Hook.objects.filter(run=run_id).exclude(state=HookState.LIVE)))


def close_hooks(run_id: UUID) -> list[str]:
    """Close all mailboxes of a run, its returns among them; return their names."""
    return _close(Hook.objects.filter(run=run_id))


def let_go(run_id: UUID, names: Iterable[str] | None) -> None:
    """Withdraw what a run has open elsewhere, so that nobody answers what nobody waits for.

    `names` are the mailboxes that it was open for; None for all that the run has open.
    """
    named = None if names is None else list(names)
    if named == []:
        return
    for withdraw in registry.endings:
        withdraw(run_id, named)


def _close(held: QuerySet[Hook]) -> list[str]:
    """Close mailboxes, so that later answers are told they are late; return their names."""
    names = dict(held.values_list("pk", "name"))
    if names:
        Hook.objects.filter(pk__in=names).update(state=HookState.CLOSED, run=None)
    return list(names.values())
