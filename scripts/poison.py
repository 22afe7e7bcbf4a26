"""Poison: what is kept of a run that was set aside, and versions that no longer start."""

from __future__ import annotations

import os
import socket
import traceback
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from messaging import clock
from messaging.each import each
from messaging.remembered import Remembered
from scripts import wakes
from scripts.models import Quarantine, Ready, Run, ScriptVersion
from scripts.states import RunState

log = structlog.get_logger(__name__)

FRAMES = 4  # of a fault's origin that are kept

# Version -> whether it is withdrawn; those that do not start.
_remembered: Remembered[dict[str, bool]] = Remembered()


def record(run: Run, fault: Exception | str, attempts: int) -> None:
    """Keep why a run is set aside, in the transaction that does it.

    Of an exception its text and the places it came through, never a value: those may be secrets.
    """
    Quarantine.objects.create(
        run=run,
        at=clock.now(),
        attempts=attempts,
        fault=(fault if isinstance(fault, str) else repr(fault))[:500],
        place=place_of(fault),
        worker=f"{socket.gethostname()} {os.getpid()}"[:100],
    )


def place_of(fault: Exception | str) -> str:
    """Return the innermost places that an exception came through, one a line; empty for none."""
    if isinstance(fault, str):
        return ""
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES:]
    return "\n".join(f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames)


def stop_if_poisonous(version_id: str) -> bool:
    """Stop a version when too many of the runs that it began lately are set aside.

    Its further runs are recorded and wait. Returns whether this call stopped it.
    """
    since = clock.now() - timedelta(minutes=settings.POISON_MINUTES)
    counts = Run.objects.filter(version_id=version_id, created_at__gte=since).aggregate(
        all=Count("pk"), bad=Count("pk", filter=Q(state=RunState.QUARANTINED))
    )
    bad, begun = counts["bad"], counts["all"]
    if bad < settings.POISON_RUNS or bad <= settings.POISON_SHARE * begun:
        return False
    why = f"{bad} of {begun} runs in {settings.POISON_MINUTES} minutes set aside"
    running = ScriptVersion.objects.filter(pk=version_id, stopped_at=None)
    if not running.update(stopped_at=clock.now(), stopped_why=why):
        return False
    _remembered.forget()
    log.error("version_stopped", version=version_id[:12], why=why)
    return True


def stopped_versions() -> dict[str, bool]:
    """Return the versions that do not start now, and whether each is withdrawn, as of the last two
    seconds."""
    return _remembered.ask("stopped", _read_stopped) or {}


def _read_stopped() -> dict[str, bool]:
    stopped = ScriptVersion.objects.filter(stopped_at__isnull=False)
    return {each.hash: each.withdrawn_at is not None for each in stopped.only("withdrawn_at")}


def let_start(version_id: str) -> int:
    """Let a stopped version start again, and wake the runs that waited; return how many did."""
    with transaction.atomic():
        stopped = ScriptVersion.objects.filter(
            pk=version_id, stopped_at__isnull=False, withdrawn_at=None
        )
        if not stopped.update(stopped_at=None, stopped_why=""):
            return 0
        waiting = Run.objects.filter(version_id=version_id, state=RunState.READY, rev=0)
        held = list(Ready.objects.filter(run__in=waiting).values_list("run_id", flat=True))
        each("run", held, wakes.wake)
    _remembered.forget()
    return len(held)


def forget() -> None:
    """Forget which versions are stopped: the tables were changed behind our back."""
    _remembered.forget()
