"""The host's one task: looking whether talkers that are kept as files have changed."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task
from django.conf import settings

from host.folder import read_folder


@shared_task(name="host.sweep")
def sweep() -> None:
    """Read what is new in TALKERS_FOLDER, if there is one."""
    if settings.TALKERS_FOLDER:
        read_folder(Path(settings.TALKERS_FOLDER))
