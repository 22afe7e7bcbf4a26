"""The bell: tells a worker after the commit that a row is due. Losing one costs only time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

EXPIRES_SECONDS = 60  # by then the sweeper has rung again
WORK_SECONDS = 2.0  # so long a worker goes on with what its own work rings for

_answers: dict[str, Callable[[str], object]] = {}


class _Kept(threading.local):
    bells: deque[tuple[str, str]] | None = None


_kept = _Kept()


def register_answers(answers: Mapping[str, Callable[[str], object]]) -> None:
    """Say what a worker does for the row that a bell names, by task name."""
    _answers.update(answers)


def ring(task_name: str, row_id: str, *, far: bool = False) -> None:
    """Send the task `task_name` with this row's id once the caller's transaction commits.

    A worker that rings answers itself, as soon as it is done with what it does: most of a flow
    needs no queue. `far` work, which waits for other machines, always goes through the queue.
    """
    transaction.on_commit(partial(_ring, task_name, row_id, far), robust=True)


@contextmanager
def working() -> Iterator[None]:
    """Keep what the work inside rings for, and answer it here afterwards, and what that rings
    for, for two seconds; the rest goes to the queue. A crash forgets it: the sweeper finds it."""
    _kept.bells = bells = deque[tuple[str, str]]()
    limit = time.monotonic() + WORK_SECONDS
    try:
        yield
        while bells and time.monotonic() < limit:
            task_name, row_id = bells.popleft()
            _answers[task_name](row_id)
    finally:
        _kept.bells = None
        for task_name, row_id in bells:
            _publish(task_name, row_id)


def _ring(task_name: str, row_id: str, far: bool) -> None:
    if _kept.bells is None or far:
        _publish(task_name, row_id)
    else:
        _kept.bells.append((task_name, row_id))


def _publish(task_name: str, row_id: str) -> None:
    try:
        current_app.send_task(task_name, args=[row_id], retry=False, expires=EXPIRES_SECONDS)
    except OperationalError as error:
        log.warning("bell_lost", task=task_name, row=row_id, error=str(error))
