"""The museum's own Django: SQLite in a folder, and keys that are always the same."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django

from config.demo.server import NO_LIMITS

FIELD_KEYS = "k1:" + "0" * 64  # fixed, because the keys among the rows are sealed with it


def open_house(data: str | None = None) -> Path:
    """Set Django up on SQLite in the folder `data` (or a new one), whatever the environment says.

    To be called before anything is imported that reads the settings.
    """
    folder = Path(data or tempfile.mkdtemp(prefix="museum-"))
    if data is None:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "COUNTERSIGN_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FIELD_KEYS": FIELD_KEYS,
        "SECRET_KEY": "museum",
        "LOG_LEVEL": "CRITICAL",
        **NO_LIMITS,
    }
    django.setup()
    return folder
