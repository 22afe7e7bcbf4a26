"""How long an issuer's rows are kept: a token while it may be valid, and some time longer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from issuer.models import Token, TokenEvent
from issuer.states import UNDECIDED, EventKind, TokenState, TokenStatus
from messaging import clock
from messaging.retention import Ends, Goes, Rows, Rule, days
from scripts.models import Run
from scripts.retained import without_live_runs
from scripts.states import UNENDED


def _revoked_before(rows: Rows, cutoff: datetime) -> Rows:
    said = TokenEvent.objects.filter(
        token=OuterRef("pk"), kind=EventKind.STATUS, value=TokenStatus.REVOKED, at__lt=cutoff
    )
    return rows.filter(Exists(said))


def _removed_before(rows: Rows, cutoff: datetime) -> Rows:
    said = TokenEvent.objects.filter(
        token=OuterRef("pk"), kind=EventKind.STATE, value=TokenState.REMOVED, at__lt=cutoff
    )
    return rows.filter(Exists(said))


def _let_go(found: list[Any]) -> Iterable[Any]:
    """Leave out tokens whose script has not ended: it may read them again."""
    offered = Run.objects.filter(pk__in=[row.run for row in found if row.run], state__in=UNENDED)
    busy = set(offered.values_list("pk", flat=True))
    return without_live_runs([row for row in found if row.run not in busy])


def leave_chats(chats: Rows) -> Rows:
    """Leave out chats in which a token is undecided, or valid still."""
    held = Token.objects.filter(
        Q(state__in=UNDECIDED)
        | Q(state=TokenState.ACCEPTED) & (Q(expires=None) | Q(expires__gt=clock.now())),
        chat=OuterRef("chat"),
        domain=OuterRef("domain"),
    )
    return chats.filter(~Exists(held.exclude(status=TokenStatus.REVOKED)))


NEEDS = {"host.Chat": leave_chats}
RETAINED: dict[str, tuple[Rule, ...]] = {
    "issuer.Token": (
        Ends(
            days("OFFER"),
            "decide_at",
            born="created_at",
            where=Q(state__in=(TokenState.DECLINED, TokenState.EXPIRED)),
            sift=_let_go,
        ),
        Ends(
            days("TOKEN"),
            "expires",
            born="created_at",
            where=Q(state__in=(TokenState.ACCEPTED, TokenState.REMOVED)),
            sift=_let_go,
        ),
        Ends(
            days("TOKEN"),
            "created_at",
            born="created_at",
            where=Q(state=TokenState.ACCEPTED, status=TokenStatus.REVOKED),
            spare=_revoked_before,
            sift=_let_go,
        ),
        Ends(
            days("TOKEN"),
            "created_at",
            born="created_at",
            where=Q(state=TokenState.REMOVED),
            spare=_removed_before,
            sift=_let_go,
        ),
    ),
    "issuer.TokenEvent": (Goes("issuer.Token"),),
}
