"""Celery, reduced to a bell: rows are the truth, a task only says that some are due."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_process_init
from django.db import close_old_connections

from config import lifeline

lifeline.follow_starter()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Connected so that Celery leaves logging as settings.LOGGING made it."""


@task_prerun.connect
def leave_dead_connections(**_: Any) -> None:
    """Connections outlive a task (CELERY_DB_REUSE_MAX); one that died meanwhile is made anew."""
    close_old_connections()


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """A worker that is killed leaves no process of its pool behind, not even one that hangs."""
    lifeline.follow(os.getppid())
