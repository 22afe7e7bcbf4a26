"""Taking a version of a script out of use for good, with all that runs on it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from messaging import clock
from messaging.each import each
from scripts import library, poison, wakes
from scripts.errors import refused
from scripts.models import Run, ScriptVersion
from scripts.states import UNENDED

log = structlog.get_logger(__name__)

# Until then every process has noticed: each remembers for two seconds what is withdrawn.
NOTICED = timedelta(seconds=3)
BATCH = 500


def withdraw(version_id: str, *, by: str, why: str = "") -> int:
    """Withdraw a version; return how many runs that stand in it will be cancelled.

    Nothing begins with it or enters it any more. Runs are woken, and the advance that finds one
    standing in the version ends it as CANCELLED and tells its chat: each in a transaction of its
    own, so that a crash in between loses nothing. Again for the same version wakes what is left.
    Those that are set aside are ended too; runs of the talker's newer versions go on. Raises
    ScriptError for a shipped handler: without it the protocol stands still here, and nothing would
    bring it back.
    """
    found = ScriptVersion.objects.filter(pk=version_id).first()
    if found is not None and library.is_shipped(version_id):
        raise refused(f"{found.name} is shipped with this deployment and cannot be withdrawn")
    said = f"withdrawn by {by}{': ' if why else ''}{why}"[:200]
    now = clock.now()
    version = ScriptVersion.objects.filter(pk=version_id)
    version.filter(withdrawn_at=None).update(withdrawn_at=now, stopped_at=now, stopped_why=said)
    poison.forget()
    standing = Run.objects.annotate(held=Cast("continuation", TextField())).filter(
        Q(version_id=version_id) | Q(held__contains=version_id), state__in=UNENDED
    )
    run_ids = list(standing.values_list("pk", flat=True))
    wake = partial(wakes.wake, due_at=now + NOTICED, nudge=False)
    for at in range(0, len(run_ids), BATCH):
        with transaction.atomic():
            each("run", run_ids[at : at + BATCH], wake)
    log.warning("version_withdrawn", version=version_id[:12], by=by, runs=len(run_ids))
    return len(run_ids)
