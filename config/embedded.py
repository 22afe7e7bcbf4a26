"""The embedded shape: the queue, its worker and the scheduler as threads of the web process.

Nothing here has to be durable: rows are the truth, and what a dead process had queued is found by
the next one's sweep.
"""

from __future__ import annotations

import threading

from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController
from django.conf import settings

from config.celery import app

WORKER_THREADS = 2


class MemoryScheduler(Scheduler):
    """A beat schedule that is kept in memory: it is code, and code is all of it."""

    max_interval = 1  # seconds


def start() -> None:
    """Start workers and scheduler in daemon threads; they end with the process.

    Who posts elsewhere has threads apart: runs, sweeps and deliveries between the domains hosted
    here never wait behind a post.
    """
    _start_worker("worker", WORKER_THREADS, ["advance", "outbox", "sweep"])
    _start_worker("post", settings.POST_LANES, ["post"])
    beat = Service(app, scheduler_cls=MemoryScheduler, max_interval=1)
    threading.Thread(target=beat.start, args=(True,), name="beat", daemon=True).start()


def _start_worker(name: str, threads: int, queues: list[str]) -> None:
    worker = worker_of(name, threads, queues)
    threading.Thread(target=worker.start, name=name, daemon=True).start()


def worker_of(name: str, threads: int, queues: list[str]) -> WorkController:
    """Return a worker, not started yet, that listens to these queues alone."""
    # An app of its own, with the same tasks: which queues are listened to is the app's, so of two
    # workers of one app the second would take the first one's away.
    own = Celery(app.main, set_as_current=False)
    own.config_from_object("django.conf:settings", namespace="CELERY")
    own.autodiscover_tasks()
    return WorkController(
        app=own,
        hostname=f"{name}@embedded",
        pool_cls="threads",
        concurrency=threads,
        queues=queues,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
