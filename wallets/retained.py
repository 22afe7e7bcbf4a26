"""How long a notifier's rows are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from messaging.retention import Ends, Goes, Kept, Rows, Rule, days
from wallets.models import Notification


def _notifications() -> timedelta:
    return timedelta(hours=settings.NOTIFICATION_KEEP_HOURS)


def _nothing_waits(rows: Rows, cutoff: datetime) -> Rows:
    return rows.filter(~Exists(Notification.objects.filter(registration=OuterRef("pk"))))


RETAINED: dict[str, tuple[Rule, ...]] = {
    "wallets.NotifierBroker": (Kept("an operator's"),),
    # Since the wallet last asked: `seen_at` is empty only in rows of an older release.
    "wallets.Registration": (
        Ends(days("WALLET"), "seen_at", born="created_at", spare=_nothing_waits),
    ),
    "wallets.Subscription": (Goes("wallets.Registration"),),
    "wallets.Notification": (Ends(_notifications, "created_at", born="created_at"),),
}
