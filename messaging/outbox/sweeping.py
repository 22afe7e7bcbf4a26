"""Sweeping: what lost its bell is found again, and what was given up is tried again when told."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from functools import partial
from itertools import takewhile
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from messaging import clock, peer_keys
from messaging.bell import HEARD, ring
from messaging.each import each
from messaging.models import OutboxMessage, Untold
from messaging.outbox.claims import overdue
from messaging.outbox.delivering import deliver
from messaging.outbox.queueing import ring_for
from messaging.outbox.settling import LIFE, deadline
from messaging.registry import registry
from messaging.states import OutboxState

log = structlog.get_logger(__name__)

SWEEP_LIMIT = 1000
CATCH_UP = {"messaging.catch_up": False, "messaging.catch_up_posts": True}  # whether elsewhere
BATCH = 25  # overdue messages for which a sweep rings once
TURN_SECONDS = 0.5  # for as long a worker goes on with them, so that others get their turn


def sweep() -> dict[str, int]:
    """Ring for due messages whose bell was lost, and delete look-ups and keys that are over.

    One bell for a batch: where workers are behind, messages are overdue without having lost
    any, and a bell for each, every second, would bury the bells of others. Any number of sweepers
    may run at once. Returns the counts.
    """
    steps = {"outbox": _ring_for_overdue, "untold": _ring_for_untold, "pruned": _prune}
    return dict(each("step of the sweep", steps, lambda name: (name, steps[name]())))


def _prune() -> int:
    return peer_keys.prune()


def _ring_for_overdue() -> int:
    return sum(each("queue of the outbox", CATCH_UP, _ring_for_queue))


def _ring_for_queue(task_name: str) -> int:
    ids = overdue(HEARD, SWEEP_LIMIT, elsewhere=CATCH_UP[task_name])
    for first in ids[::BATCH]:
        ring(task_name, str(first))
    return len(ids)


def _ring_for_untold() -> int:
    ids = _untold(timedelta(), BATCH)
    for untold_id in ids:
        ring("messaging.tell_again", str(untold_id))
    return len(ids)


def _untold(age: timedelta, most: int) -> list[int]:
    due = Untold.objects.filter(due_at__lte=clock.now() - age)
    return list(due.order_by("due_at").values_list("pk", flat=True)[:most])


def catch_up(first: UUID | str, *, elsewhere: bool) -> int:
    """Deliver `first`, and go on with what is overdue for half a second; return how many.

    Of messages to other deployments, or of those to domains hosted here.

    Nothing else is looked for when another worker has had `first`: that one looks.
    """
    end = time.monotonic() + TURN_SECONDS
    if not deliver(first, elsewhere=elsewhere):
        return 0
    others = overdue(HEARD, BATCH, elsewhere=elsewhere)
    random.shuffle(others)  # several workers catch up at once, each with others
    in_time = takewhile(lambda _: time.monotonic() < end, others)
    return 1 + sum(each("overdue message", in_time, partial(deliver, elsewhere=elsewhere)))


# -- operators ----------------------------------------------------------------------------------


def resend(message_id: UUID | str) -> bool:
    """Let a DEAD message try again with all its attempts; return whether it will.

    An operator's decision: a deadline that has passed is replaced by a new one. False for one that
    is not dead, and for one whose occasion is over (an offer that has ended).
    """
    now = clock.now()
    with transaction.atomic():
        dead = OutboxMessage.objects.select_for_update(no_key=True).filter(
            pk=message_id, state=OutboxState.DEAD
        )
        message = dead.first()
        if message is None or not _may_go_again(message):
            return False
        expires_at = message.expires_at if deadline(message) > now else now + LIFE
        Untold.objects.filter(message=message).delete()  # it will be told of the new end
        freed = dead.update(
            state=OutboxState.DUE,
            attempts=0,
            faults=0,
            fence=F("fence") + 1,
            due_at=now,
            expires_at=expires_at,
            finished_at=None,
        )
        ring_for(message)
    return bool(freed)


def _may_go_again(message: OutboxMessage) -> bool:
    """Ask whoever judges that; a judge that raises says no, for this one message."""
    judge = registry.resendable.get(message.subject)
    try:
        with transaction.atomic():
            return judge is None or judge(message)
    except Exception:
        log.exception("outbox_judge_failed", message=str(message.pk))
        return False


def retell(untold_id: int | str) -> bool:
    """Let a listener that has raised be told again, with all its attempts; say whether it will."""
    freed = Untold.objects.filter(pk=untold_id).update(attempts=0, due_at=clock.now())
    if freed:
        ring("messaging.tell_again", str(untold_id))
    return bool(freed)
