"""One thread's hands for a fault run (config/in_process.py), and whether everything is at rest."""

from __future__ import annotations

from datetime import timedelta

from config.in_process import Bells, LocalTransport, NeverEnds, bells, drain, local_wallets
from messaging import clock
from messaging.models import OutboxMessage
from scripts.models import Ready, Run
from scripts.states import LIVE
from wallets.models import Notification

__all__ = [
    "Bells",
    "LocalTransport",
    "NeverEnds",
    "at_rest",
    "bells",
    "drain",
    "local_wallets",
]

SOON = timedelta(seconds=90)  # the longest pause before a failed advance is tried again


def at_rest() -> bool:
    """Say whether nothing is due, here or for any wallet, and no run is live but such as wait for
    a moment that has not come."""
    now = clock.now()
    return not (
        Run.objects.filter(state__in=LIVE).exclude(timer__due_at__gt=now).exists()
        or Ready.objects.filter(due_at__lte=now + SOON).exists()
        or Run.objects.filter(script="Order", state__in=LIVE).exists()
        or OutboxMessage.objects.filter(state="DUE").exists()
        or Notification.objects.filter(acknowledged_at=None).exists()
    )
