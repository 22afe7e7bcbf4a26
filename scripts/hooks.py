"""Mailboxes: opening one, sending to it, and the single winner between answer and deadline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from messaging import clock, points
from scripts.errors import refused
from scripts.language.values import decode, encode
from scripts.models import Hook, Run, Signal
from scripts.states import HookState, SignalState
from scripts.wakes import wake


def locked_hook(domain: str, name: str) -> Hook:
    """Return the hook of this name, made if needed, locked until the transaction ends."""
    Hook.objects.bulk_create([Hook(domain=domain, name=name)], ignore_conflicts=True)
    return Hook.objects.select_for_update().get(domain=domain, name=name)


def open_hook(run: Run, name: str, *, deadline: datetime, expects: str) -> Hook:
    """Let `run` wait on hook `name` until `deadline` (UTC), for an answer of `expects`.

    Raises ScriptError when another live run waits there.
    """
    hook = locked_hook(run.domain, name)
    # Also when the deadline has closed it: until that run has been told, the mailbox is its own.
    if hook.run_id not in (None, run.pk):
        raise refused(f"somebody else already waits on {name}")
    Hook.objects.filter(pk=hook.pk).update(
        state=HookState.OPEN, run=run, deadline=deadline, expects=expects
    )
    hook.refresh_from_db()
    return hook


def send_signal(*, domain: str, name: str, source: str, origin: str, value: Any) -> SignalState:
    """Put `value` into the mailbox `name`; a source sends there once, repeats change nothing.

    Returns NEW (accepted, now or for the next WAIT), LATE (the deadline was decided first),
    CONSUMED (an earlier repeat was taken) or REFUSED (the wait expects somebody else).
    """
    with transaction.atomic():
        hook = locked_hook(domain, name)
        points.reach("signal_locked")
        signal, created = Signal.objects.get_or_create(
            hook=hook,
            source=source,
            defaults={"origin": origin, "value": encode(value), "created_at": clock.now()},
        )
        if not created:
            return SignalState(signal.state)
        if hook.state == HookState.CLOSED:
            return _mark(signal, SignalState.LATE)
        if hook.state != HookState.OPEN:
            return SignalState.NEW
        if hook.expects != origin:
            return _mark(signal, SignalState.REFUSED)
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


def _mark(signal: Signal, state: SignalState) -> SignalState:
    Signal.objects.filter(pk=signal.pk).update(state=state)
    return state


class Undecided(Exception):
    """Neither an answer nor the deadline has come: the run stays parked."""


def take(hook_id: Any) -> tuple[bool, Any]:
    """Decide a wait: return (answered, value), and store the decision on the hook's row.

    Returns (False, None) when the deadline won. Raises Undecided. Runs in the advance's
    transaction, with the run locked.
    """
    hook = Hook.objects.select_for_update().get(pk=hook_id)
    points.reach("wait_read")
    if hook.state != HookState.CLOSED:
        for signal in hook.signals.filter(state=SignalState.NEW).order_by("created_at", "id"):
            if signal.origin != hook.expects:
                _mark(signal, SignalState.REFUSED)
                continue
            _mark(signal, SignalState.CONSUMED)
            Hook.objects.filter(pk=hook.pk).update(state=HookState.IDLE, run=None)
            return True, decode(signal.value)
        if hook.deadline is None or hook.deadline > clock.now():
            Hook.objects.filter(pk=hook.pk).update(state=HookState.OPEN)
            raise Undecided
    Hook.objects.filter(pk=hook.pk).update(state=HookState.CLOSED, run=None)
    return False, None


def close_hooks(run: Run) -> None:
    """Close what a finished run still holds, so that later answers are told they are late."""
    Hook.objects.filter(run=run).update(state=HookState.CLOSED, run=None)
