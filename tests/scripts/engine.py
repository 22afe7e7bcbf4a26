"""Small scripts started by hand, and how they ended."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from messaging.ids import uuid4
from scripts import library, services
from scripts.language.values import decode
from scripts.models import Run

DOMAIN = "theatre.test"


def begin(commands: str, *, domain: str = DOMAIN, **options: Any) -> Run:
    """Start a script that is only a list of commands."""
    version = library.compile_source(commands, file="test.yaml", name="test")
    with transaction.atomic():
        run = services.start_run(
            version,
            next(iter(version.file.scripts)),
            domain=domain,
            trigger=str(uuid4()),
            **options,
        )
    assert run is not None
    return run


def result(run: Run) -> Any:
    """Return what a run ended with."""
    run.refresh_from_db()
    return decode(run.result)
