"""Named points in the real code, at which a fault plan may kill the process or hold it up.

Off, a point costs one comparison. On, a plan is told the name of every point that is passed, in the
thread that passes it, with whatever transaction and locks that thread holds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db import transaction

Plan = Callable[[str], None]

POINTS = {
    "start_before_commit": "a run is written, the caller's transaction is open",
    "start_after_commit": "a run is committed, its bell has not rung",
    "in_inserted": "a message is written, its handler's run is not",
    "in_before_commit": "message and run are written",
    "in_after_commit": "message and run are committed, the sender has no answer",
    "claim_before_commit": "a run is about to be claimed",
    "claim_after_commit": "the attempt is counted, nothing was done",
    "adv_locked": "the run's row is locked and read",
    "wait_read": "the hook's row is locked and read, nothing is decided",
    "adv_after_step": "a command has run",
    "adv_decided": "the script has parked, ended or yielded; nothing of the run is written",
    "adv_before_commit": "everything of a segment is written",
    "adv_after_commit": "a segment is committed, its bells have rung",
    "signal_locked": "a mailbox is locked, the signal is not in it",
    "signal_filled": "the signal has won, the run is owed an advance",
    "ob_claimed": "an outgoing message is claimed, nothing was sent",
    "ob_signed": "it is signed",
    "ob_sent_unmarked": "the peer has answered, nobody knows",
    "ob_before_mark": "the outcome is written",
    "ob_marked": "the outcome is committed",
    "ob_postponed": "an attempt has failed and the next one is set",
    "sweep_moved": "due timers have become wake-ups",
    "sweep_after_commit": "the wake-ups are committed",
    "release_before_commit": "a failed advance is being put back",
    "quarantine_before_commit": "a poisoned run is set aside",
}

_plan: Plan | None = None


def reach(name: str) -> None:
    """Say that the point `name` is passed. The plan may sleep, raise, or end the process."""
    if _plan is not None:
        _plan(name)


def reach_after_commit(name: str) -> None:
    """Pass the point `name` once the caller's transaction has committed."""
    if _plan is not None:
        transaction.on_commit(partial(reach, name))


def follow(plan: Plan | None) -> None:
    """Tell `plan` of every point passed from now on in this process; None turns them off."""
    global _plan
    _plan = plan
