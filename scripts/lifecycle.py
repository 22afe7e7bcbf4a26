"""The owner of a run's life: how it ends, is set aside and goes on again, and what closes then.

Which state may follow which is the machine of `models.Run`; nobody else moves it, and nobody else
writes a run that exists. Each verb closes, in the transaction that ends the run, all that anybody
could still wait at: its timer, mailboxes and returns, what it has asked and offered, its wake-up,
who waits for its answer; and says a last line in its chat.

A run that is set aside has not ended: its questions stay open, since an answer is kept in its
mailbox until an operator lets it go on, and its chat is told that somebody looks after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from django_fsm import can_proceed

from messaging import clock, feedback, points, rows
from messaging.models import InboxMessage, OutboxMessage
from messaging.states import InboxState, OutboxState
from scripts import blame, driving, hooks, library, poison, returns, wakes
from scripts.errors import StaleRun, refusal_status
from scripts.items.holding import is_meeting
from scripts.language.continuation import Frame
from scripts.language.errors import ScriptError
from scripts.language.values import encode
from scripts.models import Checkpoint, Ready, Run, RunEvent, Timer
from scripts.plain import plain
from scripts.registry import registry
from scripts.states import RunState
from scripts.step import Step

log = structlog.get_logger(__name__)

# No key: whoever wakes this run meanwhile refers to its row, and must not wait for us while holding
# the hook that we are about to lock.
LOCKED_RUN = rows.Select(Run, "pk", lock=rows.FOR_NO_KEY_UPDATE)
WRITE_RUN = rows.Update(
    Run,
    *("pk", "rev", "state"),
    sets=(
        "rev",
        "state",
        "continuation",
        "origin",
        "chat",
        "hook",
        "error",
        "result",
        "finished_at",
        "checkpoints",
        "talker",
    ),
)
ANSWER_MESSAGE = rows.Update(
    InboxMessage,
    "pk",
    sets=("state", "reason", "response_status", "response", "handled_at"),
    rest="AND response_status IS NULL",
)
WITHDRAWN = "its script was withdrawn"
WITHDRAWN_LINE = "This conversation cannot go on: its script was withdrawn. Please start again."
FAILED_LINE = "Something went wrong, and this conversation cannot go on. Please start again."
CANCELLED_LINE = "This conversation was ended here, and cannot go on. Please start again."
SET_ASIDE_LINE = (
    "Something went wrong here. Somebody will look after it, and this conversation may then go on. "
    "You can also start again."
)
STOPPED_LINE = "This cannot be used just now. Please try again later."
# Of errors that are not the script's own.
LINES = {"withdrawn": WITHDRAWN_LINE, "stopped": STOPPED_LINE}
REFUSED = 403


class Overtaken(Exception):
    """The run was woken, or taken by another worker, since the claim that was to end here."""

    def __init__(self, claim: wakes.Claim) -> None:
        super().__init__()
        self.claim = claim


# -- the ends of a segment: the caller holds the run's lock, and commits ---------------------------


def finish(run: Run, step: Step, value: Any) -> None:
    """End a run whose script has come to its end, with what it returns."""
    run.finish()
    run.result = encode(value)
    _close(run, step)
    _answer(run, plain(value) if isinstance(value, dict) else {})


def decline(run: Run, step: Step) -> None:
    """End a run quietly, because the person said no. Whoever started it has been heard."""
    run.decline()
    _close(run, step)
    _answer(run, {})


def fail(run: Run, step: Step, error: ScriptError) -> None:
    """End a run by its script's error: operators see it, its sender learns a status, its chat what
    the script's author wrote for people, or a line of ours."""
    run.fail(_error(step, error)[:2000])
    _close(run, step)
    _refuse(run, error.code or error.kind.upper(), refusal_status(error))
    say_last(run, step, error.said.strip() or LINES.get(error.kind, FAILED_LINE))


def _error(step: Step, error: ScriptError) -> str:
    """Return an error with its place; raised in a shipped script, with the author's that called."""
    at_fault = step.continuation.at_fault
    caller = blame.of(at_fault)
    if caller is None or not library.is_shipped(at_fault[-1].version):
        return str(error)
    return f"{error}, called from {caller}"


def stop(run: Run, step: Step, why: str) -> None:
    """End a run that could not go on, through no fault of its script: the person has left."""
    run.cancel(why)
    _close(run, step)
    _refuse(run, "CANCELLED")


def withdraw(run: Run, step: Step, back: Checkpoint | None) -> None:
    """End a run of which a script was withdrawn; one that has ended only comes back no more.

    `back` is the return by which it was to come back.
    """
    if can_proceed(run.withdraw):
        run.withdraw(WITHDRAWN)
        _close_all(run)
        _refuse(run, "WITHDRAWN")
    elif back is not None:
        returns.refuse(back)
    say_last(run, step, WITHDRAWN_LINE)


# -- the verbs of operators, and of the engine's own trouble: each its own transaction -------------


def cancel(run_id: UUID, *, by: str, why: str = "") -> bool:
    """End a run for good because somebody says so; return whether it was not ended before.

    What it queued and nobody has tried to send is not sent either.
    """
    said = _said("cancelled", by, why)
    with transaction.atomic():
        run = LOCKED_RUN.first(run_id)
        if run is None or not can_proceed(run.cancel):
            return False
        was, step = run.state, Step(run)
        run.cancel(said)
        unsent = OutboxMessage.objects.filter(origin=str(run_id), state=OutboxState.DUE, attempts=0)
        _close_all(run)
        unsent.update(state=OutboxState.DEAD, last_error=said, finished_at=clock.now())
        _refuse(run, "CANCELLED")
        say_last(run, step, CANCELLED_LINE)
        commit(run, was, _who(by, why))
        Ready.objects.filter(run=run).delete()
    log.info("run_cancelled", run=str(run_id), by=by)
    return True


def retry(run_id: UUID, *, by: str, why: str = "") -> bool:
    """Let a run that was set aside try again, with all its attempts; return whether it was one."""
    with transaction.atomic():
        run = LOCKED_RUN.first(run_id)
        if run is None or not can_proceed(run.retry):
            return False
        was = run.state
        run.retry()
        commit(run, was, _who(by, why))
        wakes.wake(run_id)
    log.info("run_retried", run=str(run_id), by=by)
    return True


def quarantine(run_id: UUID, fault: Exception | str, claim: wakes.Claim | None = None) -> bool:
    """Set a run aside for an operator, with its last fault; return whether it is now.

    Only while `claim`, the attempt that failed last, is still the run's newest: a run that another
    worker has advanced since is not set aside for what is over, and one that was woken since has
    one attempt more. When this happens to many runs in one author's version, whoever carried it, it
    does not start any more.
    """
    try:
        with transaction.atomic():
            run = LOCKED_RUN.first(run_id)
            if run is None:
                return False
            aside = can_proceed(run.quarantine)
            if aside:
                _set_aside(run, fault, claim.frames if claim is not None else [])
            # Last, as in the order of locks: whoever fires timers has the timer first.
            if claim is None:
                Ready.objects.filter(run=run).delete()
            elif not wakes.forfeit(run_id, claim):
                raise Overtaken(claim)
            points.reach("quarantine_before_commit")
    except Overtaken as overtaken:
        wakes.grant_one(run_id, overtaken.claim)
        return False
    if aside:
        poison.count(run)
    return aside


def _set_aside(run: Run, fault: Exception | str, frames: Sequence[Frame]) -> None:
    """`frames` are those at work when it failed; none when its worker did not live to say."""
    was, step = run.state, Step(run)
    error = (fault if isinstance(fault, str) else repr(fault))[:2000]
    run.quarantine(error)
    where = blame.of(frames) if frames else blame.of_stored(run.continuation)
    run.talker = "" if where is None else where.version
    poison.record(run, fault, wakes.ATTEMPTS, where)
    Timer.objects.filter(run=run).delete()
    report(run, "QUARANTINED")  # a retry may handle it after all, but who waits for that must not
    try:
        say_last(run, step, SET_ASIDE_LINE)
    except Exception:
        # It may be what this run is poisoned by, and must not keep it from being set aside.
        log.exception("farewell_failed", run=str(run.pk))
    commit(run, was, {"error": error[:500]})


def _said(done: str, by: str, why: str) -> str:
    return f"{done} by {by}{': ' if why else ''}{why}"[:500]


def _who(by: str, why: str) -> dict[str, Any]:
    return {"by": by, **({"why": why} if why else {})}


# -- what closes with a run ------------------------------------------------------------------------


def _close(run: Run, step: Step) -> None:
    """Close what an ended run holds. Most handlers end in their first segment, and hold nothing."""
    if run.rev or run.checkpoints or any(leaf.waiting for leaf in step.continuation.leaves()):
        _close_all(run)


def _close_all(run: Run) -> None:
    Timer.objects.filter(run=run).delete()
    if returns.outlast(run):
        hooks.give_up_waits(run.pk)
        return
    names = hooks.close_hooks(run.pk)
    returns.end(run)
    # A script that came to its end may have left an offer open on purpose, and only what it waited
    # for in a branch is withdrawn; one that was ended did not mean to.
    hooks.let_go(run.pk, names if run.state == RunState.DONE else None)


def _answer(run: Run, body: dict[str, Any]) -> None:
    """Mark the message handled and store its answer, in the transaction of its effects."""
    if run.message_id is not None:
        handled = (InboxState.HANDLED, run.error[:500], 200, body, clock.now())
        ANSWER_MESSAGE(*handled, run.message_id)


def _refuse(run: Run, code: str, status: int = REFUSED) -> None:
    """Mark the message discarded: its sender learns a status, and a word of why if it waits."""
    if run.message_id is not None:
        discarded = (InboxState.DISCARDED, run.error[:500], status, None, clock.now())
        ANSWER_MESSAGE(*discarded, run.message_id)
        report(run, code)


def report(run: Run, code: str) -> None:
    """Owe the sender of a message that is not handled now the word that it is not: it may wait."""
    if run.message_id is not None:
        feedback.report(InboxMessage.objects.get(pk=run.message_id), code)


def say_last(run: Run, step: Step, text: str) -> None:
    """Tell the chat of a run that it goes on no more; nothing when it has none, or none any more.

    A run that has not proved its message yet tells nobody anything.
    """
    if registry.farewell is None or run.chat is None or not run.origin:
        return
    try:
        # A savepoint: what cannot be said must not keep the run from ending.
        with transaction.atomic():
            registry.farewell(step, text)
    except OperationalError as error:
        if not is_meeting(error):
            raise
        # Somebody is ending the chat at this moment, and its last line is theirs.
        log.info("farewell_met_another", run=str(run.pk))
    except ScriptError:
        log.warning("farewell_not_said", run=str(run.pk), exc_info=True)


# -- writing a run ---------------------------------------------------------------------------------


def commit(run: Run, was: str, data: dict[str, Any], *more: rows.Statement) -> list[int]:
    """Write a run as it is now and a line of its log, then `more`; return what `more` changed.

    `was` is the state in which it was read. Raises StaleRun when somebody has written it since.
    """
    rev = run.rev + 1
    written: tuple[Any, ...] = (
        rev,
        run.state,
        run.continuation,
        run.origin,
        run.chat,
        run.hook_id,
        run.error,
        run.result,
        run.finished_at,
        run.checkpoints,
        run.talker,
    )
    event = RunEvent(run=run, rev=rev, kind=run.state, at=clock.now(), data=data)
    write = WRITE_RUN.statement(*written, run.pk, run.rev, was)
    changed, logged, *rest = rows.together(write, rows.insertion(event), *more)
    if not changed:
        raise StaleRun(str(run.pk))
    if not logged:
        raise RuntimeError(f"run {run.pk} has revision {rev} in its log already")
    driving.tell_after_commit(run.pk)
    return rest
