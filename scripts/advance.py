"""One segment of one run: lock, interpret until it parks or ends, commit everything together."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, transaction

from messaging import clock, feedback, points, rows
from messaging.models import InboxMessage
from messaging.registry import subjects
from scripts import hooks, poison, returns, wakes
from scripts.errors import Conflict, StaleRun, refusal_status
from scripts.hooks import Undecided
from scripts.items import storing
from scripts.items.holding import Holding, is_meeting
from scripts.language.continuation import TIMED_OUT, Continuation, Finished, Parked, Yielded
from scripts.language.errors import Declined, ScriptError
from scripts.language.limits import limits
from scripts.language.machine import resume
from scripts.language.machine import (
    run as run_machine,
)
from scripts.language.values import encode
from scripts.models import Checkpoint, Run, RunEvent, Signal, Timer
from scripts.plain import plain
from scripts.registry import registry
from scripts.states import FINAL, RunState
from scripts.step import Step
from scripts.trail import Trail

log = structlog.get_logger(__name__)

# No key: whoever wakes this run meanwhile refers to its row, and must not wait for us while holding
# the hook that we are about to lock.
LOCKED_RUN = rows.Select(Run, "pk", lock=rows.FOR_NO_KEY_UPDATE)
WRITE_RUN = rows.Update(
    Run,
    "pk",
    "rev",
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
    ),
)
ANSWER_MESSAGE = rows.Update(
    InboxMessage,
    "pk",
    sets=("state", "reason", "response_status", "response", "handled_at"),
    rest="AND response_status IS NULL",
)
MEETINGS = 4  # attempts at one segment, one after another, before its worker does something else
WITHDRAWN = "its script was withdrawn"
WITHDRAWN_LINE = "This conversation cannot go on: its script was withdrawn. Please start again."
FAILED_LINE = "Something went wrong, and this conversation cannot go on. Please start again."


def advance_once(run_id: UUID, gen: int) -> bool:
    """Advance the run by one segment under its lock; return whether it has more to do now.

    It runs as if alone: one that meets another is thrown away and begins again, and then takes the
    datasets that it needs first. Raises StaleRun when another worker committed first, Conflict or
    OperationalError when it met others each time: nothing of the segment is kept.
    """
    wanted: dict[int, bool] = {}
    for _ in range(MEETINGS):
        try:
            return _advance(run_id, gen, Holding(wanted))
        except Conflict:
            log.info("segment_met_another", run=str(run_id))
        except OperationalError as error:
            if not is_meeting(error):
                raise
            log.info("segment_met_another", run=str(run_id), exc_info=True)
    raise Conflict(f"it met others {MEETINGS} times")


def _advance(run_id: UUID, gen: int, holding: Holding) -> bool:
    with transaction.atomic():
        run = LOCKED_RUN.first(run_id)
        back = returns.due_return(run)
        if run is None or run.state == RunState.QUARANTINED or (run.state in FINAL and not back):
            wakes.settle(run_id, gen)
            return False
        stopped = poison.stopped_versions()
        if not run.rev and stopped.get(run.version_id) is False:
            _report(run, "HELD")  # it may be let start after all, but who waits must not
            wakes.hold(run_id, gen)
            return False
        points.reach("adv_locked")
        step = Step(run, frozenset(version for version, gone in stopped.items() if gone), holding)
        more = not _withdrawn(run, step, back) and _segment(run, step, back)
        points.reach("adv_decided")
        if run.checkpoints and run.state in FINAL:
            # It may be taken back, and its steps still count then.
            run.continuation = {**run.continuation, "steps": step.continuation.steps}
        _commit(run, step, gen)
        if more or (back and returns.due_return(run)):
            wakes.wake(run_id)
        points.reach("adv_before_commit")
    points.reach("adv_after_commit")
    return more


def _withdrawn(run: Run, step: Step, back: tuple[Checkpoint, Signal] | None) -> bool:
    """End a run of which a script was withdrawn, and tell its chat; say whether it was so.

    One that has ended stays as it ended: it is only not taken back into that script.
    """
    stored = run.continuation if back is None else back[0].continuation
    if not step.withdrawn or not step.withdrawn & _versions(run, stored):
        return False
    if run.state in FINAL:
        return True
    run.error = WITHDRAWN
    Timer.objects.filter(run=run).delete()
    hooks.close_hooks(run)
    _end(run, RunState.CANCELLED)
    _answer(run, 403, None)
    _report(run, "WITHDRAWN")
    _farewell(run, step, WITHDRAWN_LINE)
    return True


def _farewell(run: Run, step: Step, text: str) -> None:
    """Tell the chat of a run that it goes on no more; nothing when it has none, or none any more.

    A run that has not proved its message yet tells nobody anything.
    """
    if registry.farewell is None or run.chat is None or not run.origin:
        return
    try:
        # A savepoint: what cannot be said must not keep the run from ending.
        with transaction.atomic():
            registry.farewell(step, text)
    except ScriptError:
        log.warning("farewell_not_said", run=str(run.pk), exc_info=True)


def _versions(run: Run, stored: dict[str, Any]) -> set[str]:
    """Return the versions that a run holds a position in, in its branches too."""
    found = {run.version_id}
    held = [Continuation.from_json(stored)]
    while held:
        for frame in held.pop().frames:
            found.add(frame.version)
            held += frame.branches or []
    return found


def _segment(run: Run, step: Step, back: tuple[Checkpoint, Signal] | None) -> bool:
    """Interpret from the stored position, or from the return that the run is taken back to.

    The outcome is left on `run`. True when it yielded.
    """
    try:
        # A savepoint: a script error takes back what its segment wrote, and is itself recorded.
        with transaction.atomic():
            step.holding.begin()
            if back is None:
                step.continuation = Continuation.from_json(run.continuation)
            else:
                step.continuation, value = returns.go_back(run, *back)
            step.trail = Trail(step.continuation)
            if back is not None:
                resume(step.continuation, step, value, hook=str(back[0].hook_id))
            outcome = _interpret(run, step.continuation, step)
            stored = _stored(step.continuation)
            if isinstance(outcome, Finished):
                _return_state(run, step.holding, outcome.value)
            step.look_again()
    except ScriptError as error:
        _fail(run, error)
        ours = WITHDRAWN_LINE if error.kind == "withdrawn" else FAILED_LINE
        _farewell(run, step, error.said.strip() or ours)
        return False
    except Declined:
        _end(run, RunState.DECLINED)
        return False
    if outcome is None:
        run.state = RunState.WAITING  # an operator's retry made it READY
        return False
    if isinstance(outcome, Finished):
        return _stop(run, outcome.end.why) if outcome.end else _finish(run, outcome.value)
    run.continuation = stored
    run.state = RunState.READY if isinstance(outcome, Yielded) else RunState.WAITING
    return isinstance(outcome, Yielded)


def _stored(continuation: Continuation) -> dict[str, Any]:
    """Return the continuation as JSON. Raises ScriptError when it holds too much."""
    stored = continuation.to_json()
    if len(json.dumps(stored, ensure_ascii=False)) > limits.holder_bytes:
        most = limits.holder_bytes
        raise ScriptError(f"its holders come to more than {most} bytes", kind="limit")
    return stored


def _return_state(run: Run, holding: Holding, value: Any) -> None:
    """What the handler of an item's event returns is the item's new state (8.5)."""
    kind, _, event = run.trigger.partition(":")
    if kind == "item" and isinstance(value, str) and value:
        item_id, _, version = event.partition(":")
        storing.return_state(run, holding, item_id, int(version), value)


def _interpret(
    run: Run, continuation: Continuation, step: Step
) -> Parked | Yielded | Finished | None:
    """Run the machine until it stops; None when the run was woken and nothing is decided yet."""
    outcome: Parked | Yielded | Finished | None = None
    if any(leaf.waiting is None for leaf in continuation.leaves()):
        outcome = _work(continuation, step)
    while outcome is None or isinstance(outcome, Parked):
        if not _hear(run, continuation, step):
            return outcome
        outcome = _work(continuation, step)
    return outcome


def _work(continuation: Continuation, step: Step) -> Parked | Yielded | Finished:
    """Run the machine until it stops or has spent its budget, which is larger while the segment
    holds a dataset: between reading it and saving, its author expects nobody."""
    outcome = run_machine(continuation, step, budget_steps=limits.segment_steps)
    if isinstance(outcome, Yielded) and step.holding.held:
        outcome = run_machine(continuation, step, budget_steps=limits.held_steps)
    return outcome


def _hear(run: Run, continuation: Continuation, step: Step) -> bool:
    """Give the first wait that is decided its signal; say whether there was one.

    If there is none, the run stays parked until the first deadline of its waits.
    """
    deadlines = []
    waiting = [leaf.waiting for leaf in continuation.leaves() if leaf.waiting is not None]
    # Runs parked by release 0.1 do not name the hook of their one wait.
    hook_ids = [wait.get("hook") or str(run.hook_id) for wait in waiting]
    for hook_id in hook_ids:
        try:
            answered, value = hooks.take(hook_id)
        except Undecided as parked:
            deadlines.append(parked.deadline)
            continue
        run.hook_id = None
        resume(continuation, step, value if answered else TIMED_OUT, hook=hook_id)
        return True
    run.hook_id = UUID(hook_ids[0])
    # Also when it was woken for nothing (a clock moved back, say): the deadline is still watched.
    times = [moment for moment in deadlines if moment is not None]
    if times:
        wakes.set_timer(run.pk, min(times))
    return False


def _stop(run: Run, why: str) -> bool:
    """End a run where a command said so, for a reason that is not its own if there is one."""
    if not why:
        return _finish(run, None)
    run.error = why
    _end(run, RunState.CANCELLED)
    _answer(run, 403, None)
    _report(run, "CANCELLED")
    return False


def _finish(run: Run, value: Any) -> bool:
    if run.message_id is not None and not run.origin and not _is_public(run.message_id):
        _fail(run, ScriptError("the handler ended without VERIFY", kind="refused"))
        return False
    run.result = encode(value)
    _end(run, RunState.DONE)
    _answer(run, 200, plain(value) if isinstance(value, dict) else {})
    return False


def _is_public(message_id: UUID) -> bool:
    """Say whether a message's subject answers with what anybody may know."""
    return subjects()[InboxMessage.objects.get(pk=message_id).subject].public


def _fail(run: Run, error: ScriptError) -> None:
    """Record the error for operators; the sender learns a status and nothing else."""
    run.error = str(error)[:2000]
    _end(run, RunState.FAILED)
    _answer(run, refusal_status(error), None)
    _report(run, error.code or error.kind.upper())


def _report(run: Run, code: str) -> None:
    """Owe the sender of a message that is discarded now the word that it is; it may wait for it."""
    if run.message_id is not None:
        feedback.report(InboxMessage.objects.get(pk=run.message_id), code)


def _end(run: Run, state: RunState) -> None:
    run.state = state
    run.finished_at = clock.now()
    run.hook_id = None
    if run.rev or run.checkpoints:  # most handlers end in their first segment, and hold neither
        Timer.objects.filter(run=run).delete()
        returns.end(run)


def _answer(run: Run, status: int, body: dict[str, Any] | None) -> None:
    """Mark the message handled and store its answer, in the transaction of its effects."""
    if run.message_id is None:
        return
    state = "HANDLED" if status == 200 else "DISCARDED"
    ANSWER_MESSAGE(state, run.error[:500], status, body, clock.now(), run.message_id)


def _commit(run: Run, step: Step, gen: int) -> None:
    """Write the run if nobody else has since it was read, one line of its log, and the claim's end.

    Raises StaleRun when somebody has.
    """
    rev = run.rev + 1
    write = WRITE_RUN.statement(
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
        run.pk,
        run.rev,
    )
    event = RunEvent(run=run, rev=rev, kind=run.state, at=clock.now(), data=_summary(run, step))
    settle = wakes.settlement(run.pk, gen)
    written, logged, settled = rows.together(write, rows.insertion(event), settle)
    if not written or not logged:
        raise StaleRun(str(run.pk))
    if not settled:
        wakes.stay(run.pk)


def _summary(run: Run, step: Step) -> dict[str, Any]:
    """Return what the log of the run says of this segment: the lines gone through, the holders
    that changed, its error, its wait, its LOG lines."""
    said = step.trail.summary() if step.trail is not None else {}
    if step.notes:
        said["log"] = step.notes
    if run.error:
        said["error"] = run.error[:500]
    elif run.hook_id:
        said["hook"] = str(run.hook_id)
    return said
