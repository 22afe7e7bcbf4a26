"""The embedded shape: the queue, its worker and the scheduler as threads of the web process.

Nothing here has to be durable: rows are the truth, and what a dead process had queued is found by
the next one's sweep.
"""

from __future__ import annotations

import threading

from celery.beat import Scheduler, Service
from celery.worker import WorkController

from config.celery import app

WORKER_THREADS = 2


class MemoryScheduler(Scheduler):
    """A beat schedule that is kept in memory: it is code, and code is all of it."""

    max_interval = 1  # seconds


def start() -> None:
    """Start worker and scheduler in daemon threads; they end with the process."""
    worker = WorkController(
        app=app,
        hostname="embedded",
        pool_cls="threads",
        concurrency=WORKER_THREADS,
        queues=["advance", "outbox", "sweep"],
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    threading.Thread(target=worker.start, name="worker", daemon=True).start()
    beat = Service(app, scheduler_cls=MemoryScheduler, max_interval=1)
    threading.Thread(target=beat.start, args=(True,), name="beat", daemon=True).start()
