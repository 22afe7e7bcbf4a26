"""How long this app's rows are kept (see retention.py)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from messaging.models import OutboxMessage, Untold
from messaging.retention import Ends, Goes, Kept, Rows, Rule, Swept, days
from messaging.states import ENDED, OutboxState


def _inbox() -> timedelta:
    return timedelta(hours=settings.INBOX_KEEP_HOURS)


def _not_awaited(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out destinations for which messages wait: their breaker says when to try."""
    waiting = OutboxMessage.objects.filter(recipient=OuterRef("pk"), state=OutboxState.DUE)
    return rows.filter(~Exists(waiting))


def _told(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out messages of which a listener has yet to be told."""
    return rows.filter(~Exists(Untold.objects.filter(message=OuterRef("pk"))))


RETAINED: dict[str, tuple[Rule, ...]] = {
    "messaging.HostedDomain": (Kept("an operator's"),),
    "messaging.DomainKey": (Kept("what it signed must verify"),),
    "messaging.PeerKey": (Swept("peer_keys.prune, 750 days after a key of DNS was valid"),),
    "messaging.KeyLookup": (Swept("peer_keys.prune, a minute after it is over"),),
    # Its unique key recognises a repeat, long after what it said is of no use.
    "messaging.InboxMessage": (
        Ends(
            _inbox,
            "received_at",
            born="received_at",
            where=Q(state__in=ENDED, is_emptied=False),
            empties={"envelope": {}, "response": None, "is_emptied": True},
        ),
        Ends(days("INBOX_KEY"), "received_at", born="received_at", where=Q(state__in=ENDED)),
    ),
    "messaging.OutboxMessage": (
        Ends(
            days("SENT"),
            "finished_at",
            born="created_at",
            where=Q(state=OutboxState.SENT),
            spare=_told,
        ),
        Ends(
            days("DEAD"),
            "finished_at",
            born="created_at",
            where=Q(state=OutboxState.DEAD),
            spare=_told,
        ),
        # With a listener that nobody has told in all that time.
        Ends(
            days("QUARANTINE"),
            "finished_at",
            born="created_at",
            where=~Q(state=OutboxState.DUE),
        ),
    ),
    "messaging.Untold": (Goes("messaging.OutboxMessage"),),
    "messaging.Destination": (Ends(days("DESTINATION"), "changed_at", spare=_not_awaited),),
    "messaging.Refusal": (Ends(days("REFUSAL"), "day", born="day"),),
    "messaging.Pruning": (Kept("one row a rule"),),
}
