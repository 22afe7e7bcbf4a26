"""One thread's hands for a fault run (config/in_process.py), and whether everything is at rest."""

from __future__ import annotations

import gc
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
    "before_forks",
    "bells",
    "drain",
    "local_wallets",
]

SOON = timedelta(seconds=90)  # the longest pause before a failed advance is tried again


def before_forks() -> None:
    """Keep what this process holds out of every later collection, its own and its children's.

    Nothing of it is garbage, and a collection in a forked process copies all that it looks at; a
    Celery worker collects before each child that it forks.
    """
    gc.collect()
    gc.freeze()


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
