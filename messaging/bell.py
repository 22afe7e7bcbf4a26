"""The bell: tells a worker after the commit that a row is due. Losing one costs only time."""

from __future__ import annotations

from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

EXPIRES_SECONDS = 60  # by then the sweeper has rung again


def ring(task_name: str, row_id: str) -> None:
    """Send the task `task_name` with this row's id once the caller's transaction commits."""
    transaction.on_commit(partial(_publish, task_name, row_id), robust=True)


def _publish(task_name: str, row_id: str) -> None:
    try:
        current_app.send_task(task_name, args=[row_id], retry=False, expires=EXPIRES_SECONDS)
    except OperationalError as error:
        log.warning("bell_lost", task=task_name, row=row_id, error=str(error))
