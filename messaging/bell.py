"""The bell: tells a worker after the commit that a row is due. Losing one costs only time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

EXPIRES_SECONDS = 60  # by then the sweeper has rung again
# A bell that rang is heard within this; sooner, whoever looks for lost ones would only double it.
HEARD = timedelta(seconds=1)
MOST = 25  # bells that one task answers itself


class _Ear(threading.local):
    """What this thread has rung for and will answer itself; None outside of `answering`."""

    rung: deque[tuple[str, str]] | None = None


_ear = _Ear()


def always() -> bool:
    return True


def ring(task_name: str, row_id: str, *, here: Callable[[], bool] = always) -> None:
    """Send the task `task_name` with this row's id once the caller's transaction commits.

    A worker that is `answering` does it itself, unless `here` says that it may take long.
    """
    transaction.on_commit(partial(_ring, task_name, row_id, here), robust=True)


def ring_later(task_name: str, row_id: str, *, seconds: float) -> None:
    """Send a task that is heard so many seconds after the commit, and by a worker of its own."""
    transaction.on_commit(partial(_publish, task_name, row_id, seconds), robust=True)


def _ring(task_name: str, row_id: str, here: Callable[[], bool]) -> None:
    if _ear.rung is not None and here():
        _ear.rung.append((task_name, row_id))
    else:
        _publish(task_name, row_id)


def _publish(task_name: str, row_id: str, seconds: float = 0) -> None:
    later: dict[str, Any] = {"countdown": seconds} if seconds else {}
    try:
        current_app.send_task(
            task_name,
            args=[row_id],
            argsrepr=row_id,  # else Celery writes them for its logs, a quarter of what a bell costs
            kwargsrepr="{}",
            retry=False,
            expires=seconds + EXPIRES_SECONDS,
            **later,
        )
    except OperationalError as error:
        log.warning("bell_lost", task=task_name, row=row_id, error=str(error))
    except Exception:  # whatever it is, the bells behind this one are rung
        log.exception("bell_lost", task=task_name, row=row_id)


def answering(work: Callable[[], object]) -> None:
    """Do `work`, and then what it has rung for, and so on: at most 25 bells, the rest are sent.

    A bell costs as much as many a run, so a worker does not ring for what it can do next. It must
    not be in a transaction. Should it die, its bells are lost, as any may be.
    """
    if _ear.rung is not None:
        work()
        return
    rung = _ear.rung = deque()
    try:
        work()
        for _ in range(MOST):
            if not rung:
                return
            task_name, row_id = rung.popleft()
            current_app.tasks[task_name].run(row_id)
    finally:
        pass_on()
        _ear.rung = None


def pass_on() -> None:
    """Send what this thread has rung for and not answered yet: it is about to wait."""
    while _ear.rung:
        _publish(*_ear.rung.popleft())
