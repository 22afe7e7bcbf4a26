"""The engine's bells: each says that rows may be due, and then works on what is due."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from celery import shared_task

from messaging.bell import HEARD, answering
from scripts import services


@shared_task(name="scripts.advance")
def advance(run_id: str) -> None:
    """Advance the run that the bell named, what follows from it, and what is overdue."""
    answering(partial(services.drain, UUID(run_id)))


@shared_task(name="scripts.sweep")
def sweep() -> None:
    """Fire due timers and advance what no bell was heard for."""
    answering(partial(services.sweep, HEARD))
