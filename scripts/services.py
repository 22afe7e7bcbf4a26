"""The engine's room: starting runs, advancing them one transaction at a time, sweeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from messaging import cause, clock, keys, outbox, points, rows
from messaging.bell import HEARD, pass_on, ring
from messaging.each import each
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import Mode, subjects
from scripts import driving, hooks, library, lifecycle, poison, quotas, wakes
from scripts.advance import advance_once
from scripts.errors import Conflict, StaleRun
from scripts.items import storing
from scripts.language.continuation import start
from scripts.language.values import Item
from scripts.models import Run
from scripts.reading import as_item
from scripts.registry import Row, registry
from scripts.states import LIVE, RunState
from scripts.step import MESSAGE

log = structlog.get_logger(__name__)

RUN = rows.Select(Run, "domain", "trigger", "script")
DRAIN = 25
DRIVE_SECONDS = 10.0
# Who drives a run is told of what this process commits; for what others do it looks again, after a
# pause that grows with the time that it has waited already.
FIRST_LOOK, LAST_LOOK = 0.02, 1.0
NOT_AT_ALL = timedelta()


def start_run(
    version: library.Version,
    script: str,
    *,
    domain: str,
    trigger: str,
    holders: dict[str, Any] | None = None,
    inputs: dict[str, Any] | None = None,
    message: InboxMessage | None = None,
    subject_id: str = "",
    due_at: datetime | None = None,
    nudge: bool = True,
) -> Run | None:
    """Create a run in the caller's transaction; it starts after the commit, or at `due_at` (UTC).

    Returns None when this trigger has already started this script: starting is idempotent.
    A run that no message started is trusted as its own domain's. Raises ScriptError when a script
    is at work whose run, or domain, has started too many.
    """
    quotas.count("starts")
    library.store(version)
    continuation = start(version.hash, script, inputs or {})
    continuation.frames[0].holders.update(holders or {})
    run = Run(
        domain=domain,
        trigger=trigger,
        script=script,
        version_id=version.hash,
        state=RunState.READY if due_at is None else RunState.WAITING,
        continuation=continuation.to_json(),
        message_id=None if message is None else message.pk,
        origin="" if message is not None else f"domain:{domain}",
        subject_id=subject_id,
        caused_by=cause.of(message),
        created_at=clock.now(),
    )
    if not wakes.insert_run(run, due_at):
        return None
    points.reach_after_commit("start_after_commit")
    if due_at is None and nudge:
        ring("scripts.advance", str(run.pk))
    points.reach("start_before_commit")
    return run


def start_handler(
    name_of_library: str,
    script: str,
    *,
    domain: str,
    trigger: str,
    item: tuple[str, str, Row] | None = None,
    due_at: datetime | None = None,
) -> Run | None:
    """Start the shipped handler `script` of a role for a row that entered a state.

    `item` is (name of the holder, dataset, row). Same effects and idempotency as start_run; it is
    no script's doing, and counted for none.
    """
    holders: dict[str, Any] = {}
    subject_id = ""
    if item is not None:
        holder, dataset, row = item
        value: Item = as_item(dataset, row)
        holders = {holder: value, "Item": value}
        subject_id = row.key
    with quotas.counted_by(None):
        return start_run(
            library.shipped(name_of_library, script),
            script,
            domain=domain,
            trigger=trigger,
            holders=holders,
            subject_id=subject_id,
            due_at=due_at,
        )


def start_message_run(message: InboxMessage) -> None:
    """Start the handler of a stored message, in the transaction that stores it."""
    name = registry.handlers[message.subject]
    start_run(
        library.shipped(name, message.subject),
        message.subject,
        domain=message.recipient,
        trigger=f"message:{message.pk}",
        message=message,
        nudge=subjects()[message.subject].mode is Mode.ASYNC,
    )


def advance(run_id: UUID) -> bool:
    """Claim and advance one run as far as it goes now; return whether there was anything to do.

    Never raises for what a script does: its faults end as the run's state, and unforeseen ones,
    the death of its worker among them, are retried until the run is quarantined.
    """
    poison.stopped_versions()  # read here, where no transaction keeps it from being remembered
    claim = wakes.claim(run_id)
    if claim is None:
        return False
    while claim is not None and _advance_claimed(run_id, claim):
        claim = wakes.claim(run_id)
    return True


def _advance_claimed(run_id: UUID, claim: wakes.Claim) -> bool:
    """Advance a claimed run by one segment; return whether it has more to do now."""
    if claim.is_worn_out:
        _set_aside(run_id, f"{wakes.ATTEMPTS} workers took it, and none came back", claim)
        return False
    try:
        return advance_once(run_id, claim)
    except (OperationalError, InterfaceError):
        log.warning("advance_lost_database", run=str(run_id), exc_info=True)
        wakes.release(run_id, claim, charged=False)
    except (Conflict, StaleRun):
        # It has met another run, or another worker has brought it on: no fault of the run's.
        wakes.release(run_id, claim, charged=False)
    except Exception as fault:
        log.exception("advance_failed", run=str(run_id))
        wakes.release(run_id, claim, charged=True)
        if claim.attempts >= wakes.ATTEMPTS:
            _set_aside(run_id, fault, claim)
    return False


def _set_aside(run_id: UUID, fault: Exception | str, claim: wakes.Claim) -> None:
    try:
        lifecycle.quarantine(run_id, fault, claim)
    except Exception:
        # Its claim is worn out, so the next look at the run comes here again. Others must not wait.
        log.exception("quarantine_failed", run=str(run_id))


def cancel_alarm(identity: str, *, domain: str) -> bool:
    """Take back an alarm that has not run yet; return whether it had not."""
    run = Run.objects.filter(domain=domain, trigger=f"alarm:{identity}", rev=0).first()
    return run is not None and lifecycle.cancel(run.pk, by=f"a script of {domain}")


def drain(first: UUID | None = None) -> int:
    """Advance `first` and then up to 25 runs that are overdue; return how many there were.

    Nothing else is looked for when another worker has had `first`: that one looks.
    """
    if first is not None and not advance(first):
        return 0
    overdue = wakes.due_runs(DRAIN, HEARD)
    return int(first is not None) + sum(each("overdue run", overdue, advance))


def drive(message: InboxMessage) -> bool:
    """Work on a sync message's run in this process until it has answered, or for ten seconds.

    Return whether an answer may still come: not from a run that was set aside. What a crash leaves
    behind is finished by the sweeper, and the stored answer is returned when the peer repeats its
    message.
    """
    end = time.monotonic() + DRIVE_SECONDS
    run_id = RUN.get(message.recipient, f"message:{message.pk}", message.subject).pk
    pause = FIRST_LOOK
    with driving.watched(run_id) as told:
        while time.monotonic() < end:
            told.clear()
            worked = advance(run_id) or _deliver_calls(run_id)
            if _is_answered(message):
                return True
            if worked:
                pause = FIRST_LOOK
            elif not Run.objects.filter(pk=run_id, state__in=LIVE).exists():
                return _is_answered(message)
            else:
                pass_on()
                told.wait(min(pause, max(end - time.monotonic(), 0)))
                pause = min(pause * 1.5, LAST_LOOK)
    return True


def _is_answered(message: InboxMessage) -> bool:
    now = MESSAGE.get(message.pk)
    message.state, message.reason = now.state, now.reason
    message.response_status, message.response = now.response_status, now.response
    return message.response_status is not None


def _deliver_calls(run_id: UUID) -> bool:
    """Deliver what the run asks domains hosted here; say whether there was anything.

    Other deployments are left to those who post, and the answer wakes the run: a name that never
    says a word would hold this thread, of the web or of a worker.
    """
    calls = OutboxMessage.objects.filter(
        origin=str(run_id), expects_response=True, state="DUE", due_at__lte=clock.now()
    )
    found = calls.values_list("pk", "recipient")
    ours = [pk for pk, recipient in found if keys.hosted_name(recipient) is not None]
    return sum(each("call", ours, outbox.deliver)) > 0


def deliver_response(message: OutboxMessage, body: dict[str, Any] | None, error: str) -> None:
    """Hand the outcome of a sync call to the run that waits on its correlation."""
    hooks.send_signal(
        domain=message.sender,
        name=str(message.correlation),
        source="response",
        origin=f"response:{message.correlation}",
        value={"Error": error} if body is None else {"Body": body},
    )


def sweep(overdue_for: timedelta = NOT_AT_ALL) -> dict[str, int]:
    """Fire due timers and advance runs that have been due for so long; return the counts.

    Their bells were lost, or are far back in the queue. Any number of sweepers may run at once.
    """

    def advance_overdue() -> int:
        return sum(each("overdue run", wakes.due_runs(200, overdue_for), advance))

    steps: dict[str, Callable[[], int]] = {
        "timers": wakes.fire_timers,
        "runs": advance_overdue,
        "purged": storing.purge,
    }
    return dict(each("step of the sweep", steps, lambda name: (name, steps[name]())))
