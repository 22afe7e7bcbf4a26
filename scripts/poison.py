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
from scripts import library, wakes
from scripts.blame import Blame
from scripts.models import Quarantine, Ready, Run, ScriptVersion
from scripts.states import RunState

log = structlog.get_logger(__name__)

FRAMES = 4  # of a fault's origin that are kept

# Version -> whether it is withdrawn; those that do not start.
_remembered: Remembered[dict[str, bool]] = Remembered()


def record(run: Run, fault: Exception | str, attempts: int, blame: Blame | None) -> None:
    """Keep why a run is set aside, in the transaction that does it.

    Of an exception its text and the places it came through, never a value: those may be secrets.
    """
    Quarantine.objects.create(
        run=run,
        at=clock.now(),
        attempts=attempts,
        fault=(fault if isinstance(fault, str) else repr(fault))[:500],
        place=place_of(fault),
        blame="" if blame is None else str(blame)[:500],
        worker=f"{socket.gethostname()} {os.getpid()}"[:100],
    )


def place_of(fault: Exception | str) -> str:
    """Return the innermost places that an exception came through, one a line; empty for none."""
    if isinstance(fault, str):
        return ""
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES:]
    return "\n".join(f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames)


def count(run: Run) -> bool:
    """Count a run that was set aside for the author's version whose code it ran; stop that one when
    too many of those that ran it lately were. Returns whether this call stopped it.

    Its further runs are recorded and wait. What is nobody's but ours stops nothing, however often:
    without a shipped handler no domain here would work.
    """
    where = {"run": str(run.pk), "talker": run.talker[:12], "error": run.error[:500]}
    if not run.talker:
        log.error("shipped_script_failed", script=run.script, **where)
        return False
    log.error("run_quarantined", **where)
    lately = clock.now() - timedelta(minutes=settings.POISON_MINUTES)
    begun = Run.objects.filter(domain=run.domain, created_at__gte=lately)
    # Runs of release 0.1 do not say whose code they ran, only what they began with.
    began = Q(talker=run.talker) | Q(talker="", version_id=run.talker)
    counts = begun.filter(began | Q(version_id=run.talker)).aggregate(
        all=Count("pk"), bad=Count("pk", filter=began & Q(state=RunState.QUARANTINED))
    )
    bad, all_of_it = counts["bad"], counts["all"]
    if bad < settings.POISON_RUNS or bad <= settings.POISON_SHARE * all_of_it:
        return False
    why = f"{bad} of {all_of_it} runs in {settings.POISON_MINUTES} minutes set aside"
    running = ScriptVersion.objects.filter(pk=run.talker, stopped_at=None)
    if not running.update(stopped_at=clock.now(), stopped_why=why):
        return False
    _remembered.forget()
    name = library.version(run.talker).name
    log.error("version_stopped", version=run.talker[:12], name=name, why=why)
    return True


def stopped_versions() -> dict[str, bool]:
    """Return the versions that do not start now, and whether each is withdrawn, as of the last two
    seconds."""
    return _remembered.ask("stopped", _read_stopped) or {}


def _read_stopped() -> dict[str, bool]:
    """A shipped one that was stopped by an earlier release runs on."""
    stopped = ScriptVersion.objects.filter(stopped_at__isnull=False).only("withdrawn_at")
    return {
        each.hash: each.withdrawn_at is not None
        for each in stopped
        if not library.is_shipped(each.hash)
    }


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
