"""Claims: which worker has a message now, which message may go, and writing under a claim."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from messaging import clock, rows
from messaging.models import OutboxMessage
from messaging.states import OutboxState

LEASE = timedelta(seconds=30)
BY_ID = rows.Select(OutboxMessage, "pk")
_DUE_AT = OutboxMessage._meta.get_field("due_at")
# What a run owes a peer leaves in the order it was queued, because a person reads a host's lines
# in that order. The run's own count says which that is: segments of one run may be advanced by
# machines whose clocks differ, and ids are made of the clock. Rows of before have no count; they
# are older than all that have, and among them the id decides.
BEHIND = """EXISTS (
    SELECT 1 FROM messaging_outboxmessage AS earlier
    WHERE earlier.origin = mine.origin AND mine.origin <> '' AND earlier.state = 'DUE'
    AND earlier.recipient = mine.recipient
    AND (earlier.revision, earlier.number, earlier.id) < (mine.revision, mine.number, mine.id)
)"""
# One statement, so that workers who hear the same bell need no transaction to agree: the second
# one finds the row no longer due.
CLAIM = """
UPDATE messaging_outboxmessage SET attempts = attempts + 1, fence = fence + 1, due_at = %%s
WHERE id = (
    SELECT id FROM messaging_outboxmessage AS mine
    WHERE id = %%s AND state = 'DUE' AND due_at <= %%s AND NOT %(behind)s %(skip)s
) RETURNING %(columns)s
"""
OVERDUE = """
SELECT mine.id FROM messaging_outboxmessage AS mine
WHERE mine.state = 'DUE' AND mine.due_at <= %%s AND NOT %(behind)s
AND mine.recipient %(which)s (SELECT name FROM messaging_hosteddomain)
ORDER BY mine.due_at LIMIT %%s
"""
FIRST_OF_LINE = rows.Select(
    OutboxMessage,
    "origin",
    "recipient",
    rest="AND state = 'DUE' ORDER BY revision, number, id LIMIT 1",
)
FENCED = ("pk", "fence", "state")


class LostClaim(Exception):
    """Another worker has claimed the message since; what this one learnt is thrown away."""


def claim(message_id: UUID | str) -> OutboxMessage | None:
    """Take a due message for the length of a lease. The attempt counts before the risky work.

    Raises RuntimeError inside a transaction.
    """
    rows.refuse_in_transaction()
    now = clock.now()
    skip = (
        "FOR NO KEY UPDATE OF mine SKIP LOCKED" if connection.features.has_select_for_update else ""
    )
    values = [
        _DUE_AT.get_db_prep_value(now + LEASE, connection),
        OutboxMessage._meta.pk.get_db_prep_value(message_id, connection),
        _DUE_AT.get_db_prep_value(now, connection),
    ]
    with connection.cursor() as cursor:
        statement = CLAIM % {"behind": BEHIND, "columns": BY_ID.columns, "skip": skip}
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else BY_ID.loaded(row)


def claim_of(message: OutboxMessage) -> tuple[Any, ...]:
    """Name the row as this worker claimed it; no row is so once another claim raised the fence."""
    return message.pk, message.fence, OutboxState.DUE


def overdue(age: timedelta, most: int, *, elsewhere: bool) -> list[UUID]:
    """Return messages that have been due for so long, the oldest first, at most so many.

    Those to other deployments, or those to domains hosted here: neither hides the other. What
    stands behind another of its run could not be claimed, and would fill a sweep's limit.
    """
    due_at = _DUE_AT.get_db_prep_value(clock.now() - age, connection)
    with connection.cursor() as cursor:
        which = "NOT IN" if elsewhere else "IN"
        cursor.execute(OVERDUE % {"behind": BEHIND, "which": which}, [due_at, most])
        return [UUID(str(pk)) for (pk,) in cursor.fetchall()]
