"""One segment of one run: lock, interpret until it parks or ends, commit everything together."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, transaction

from messaging import cause, points
from messaging.models import InboxMessage
from messaging.registry import subjects
from scripts import blame, hooks, lifecycle, poison, quotas, returns, wakes
from scripts.errors import Conflict
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
from scripts.language.work import bounded_work, spend_on
from scripts.models import Checkpoint, Run, Signal
from scripts.states import FINAL, RunState
from scripts.step import Step
from scripts.trail import Trail

log = structlog.get_logger(__name__)

MEETINGS = 4  # attempts at one segment, one after another, before its worker does something else


def advance_once(run_id: UUID, claim: wakes.Claim) -> bool:
    """Advance the run by one segment under its lock; return whether it has more to do now.

    It runs as if alone: one that meets another is thrown away and begins again, and then takes the
    datasets that it needs first. Raises StaleRun when another worker committed first, Conflict or
    OperationalError when it met others each time: nothing of the segment is kept.
    """
    wanted: dict[int, bool] = {}
    for _ in range(MEETINGS):
        try:
            return _advance(run_id, claim, Holding(wanted))
        except Conflict:
            log.info("segment_met_another", run=str(run_id))
        except OperationalError as error:
            if not is_meeting(error):
                raise
            log.info("segment_met_another", run=str(run_id), exc_info=True)
    raise Conflict(f"it met others {MEETINGS} times")


def _advance(run_id: UUID, claim: wakes.Claim, holding: Holding) -> bool:
    with transaction.atomic():
        run = lifecycle.LOCKED_RUN.first(run_id)
        back = returns.due_return(run)
        if run is None or (run.state in FINAL and back is None):
            wakes.settle(run_id, claim.gen)
            return False
        stopped = poison.stopped_versions()
        gone = frozenset(version for version, is_gone in stopped.items() if is_gone)
        careful = claim.attempts > 1
        step = Step(run, gone, holding, stopped=frozenset(stopped) - gone, careful=careful)
        withdrawn = _stands_in_withdrawn(run, step, back)
        if run.state == RunState.QUARANTINED and not withdrawn:
            wakes.settle(run_id, claim.gen)
            return False
        if not run.rev and stopped.get(run.version_id) is False:
            lifecycle.report(run, "HELD")  # it may be let start, but who waits must not
            wakes.hold(run_id, claim.gen)
            return False
        points.reach("adv_locked")
        was, more = run.state, False
        with cause.caused_by(run.caused_by):
            if withdrawn:
                lifecycle.withdraw(run, step, back and back[0])
            else:
                more = _blamed_segment(run, step, back, claim)
        points.reach("adv_decided")
        _commit(run, was, step, claim.gen)
        if back is not None:
            returns.settle(back[1])
        if more or (back and returns.due_return(run)):
            wakes.wake(run_id)
        points.reach("adv_before_commit")
    points.reach("adv_after_commit")
    return more


def _blamed_segment(
    run: Run, step: Step, back: tuple[Checkpoint, Signal] | None, claim: wakes.Claim
) -> bool:
    """Run a segment; of one that fails in an unforeseen way, the claim keeps where that was."""
    try:
        return _segment(run, step, back)
    except Exception:
        claim.frames = step.continuation.at_fault or blame.standing(step.continuation)
        raise


def _stands_in_withdrawn(run: Run, step: Step, back: tuple[Checkpoint, Signal] | None) -> bool:
    """Say whether a run stands, or would come back to stand, in a script that was withdrawn."""
    if not step.withdrawn:
        return False
    stored = run.continuation if back is None else back[0].continuation
    return bool(step.withdrawn & _versions(run, stored))


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
        with transaction.atomic(), quotas.counted_by(step.charge):
            step.holding.begin()
            if back is None:
                step.continuation = Continuation.from_json(run.continuation)
            else:
                step.continuation, value = returns.go_back(run, *back)
            step.trail = Trail(step.continuation)
            if back is not None:
                hook = str(back[0].hook_id)
                resume(step.continuation, step, value, hook=hook, meter=step.meter)
            outcome = _interpret(run, step.continuation, step)
            stored = _stored(step.continuation)
            if isinstance(outcome, Finished):
                _return_state(run, step.holding, outcome.value)
            step.look_again()
    except ScriptError as error:
        lifecycle.fail(run, step, error)
        return False
    except Declined:
        lifecycle.decline(run, step)
        return False
    if isinstance(outcome, Finished):
        _finish(run, step, outcome)
        return False
    if outcome is not None:  # else it was woken, and nothing is decided yet
        run.continuation = stored
    run.go_on() if isinstance(outcome, Yielded) else run.park()
    return isinstance(outcome, Yielded)


def _stored(continuation: Continuation) -> dict[str, Any]:
    """Return the continuation as JSON. Raises ScriptError when it holds too much."""
    with bounded_work():
        # Branches share what they hold, and it is only written out once for each of them.
        for leaf in continuation.leaves():
            spend_on([frame.holders for frame in leaf.frames])
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
        if step.meter.spent >= limits.step_work:
            return Yielded()
        if not _hear(run, continuation, step):
            return outcome
        outcome = _work(continuation, step)
    return outcome


def _work(continuation: Continuation, step: Step) -> Parked | Yielded | Finished:
    """Run the machine until it stops or has spent its budget, which is larger while the segment
    holds a dataset: between reading it and saving, its author expects nobody."""
    steps, meter = limits.segment_steps, step.meter
    outcome = run_machine(continuation, step, budget_steps=steps, meter=meter)
    if isinstance(outcome, Yielded) and not outcome.wanted and step.holding.held:
        outcome = run_machine(continuation, step, budget_steps=limits.held_steps, meter=meter)
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
        resume(continuation, step, value if answered else TIMED_OUT, hook=hook_id, meter=step.meter)
        return True
    run.hook_id = UUID(hook_ids[0])
    # Also when it was woken for nothing (a clock moved back, say): the deadline is still watched.
    times = [moment for moment in deadlines if moment is not None]
    if times:
        wakes.set_timer(run.pk, min(times))
    return False


def _finish(run: Run, step: Step, outcome: Finished) -> None:
    if outcome.end is not None and outcome.end.why:
        lifecycle.stop(run, step, outcome.end.why)
    elif run.message_id is not None and not run.origin and not _is_public(run.message_id):
        unproved = ScriptError("the handler ended without VERIFY", kind="refused")
        lifecycle.fail(run, step, unproved)
    else:
        lifecycle.finish(run, step, outcome.value)
    if run.checkpoints:
        # It may be taken back, and its steps still count then.
        spent = {"steps": step.continuation.steps, "used": step.continuation.used}
        run.continuation = {**run.continuation, **spent}


def _is_public(message_id: UUID) -> bool:
    """Say whether a message's subject answers with what anybody may know."""
    return subjects()[InboxMessage.objects.get(pk=message_id).subject].public


def _commit(run: Run, was: str, step: Step, gen: int) -> None:
    """Write the run, one line of its log, and the claim's end. Raises StaleRun."""
    settle = wakes.settlement(run.pk, gen)
    if lifecycle.commit(run, was, _summary(run, step), settle) == [0]:
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
