"""Questions about the engine's health; in a healthy system both answers are empty at any moment."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from scripts.models import Hook, Ready, Run, Timer
from scripts.states import LIVE, HookState, RunState


def unwakeable_runs() -> QuerySet[Run]:
    """Return live runs that nobody will ever wake."""
    return Run.objects.filter(
        ~Exists(Ready.objects.filter(run=OuterRef("pk"))),
        ~Exists(Timer.objects.filter(run=OuterRef("pk"))),
        state__in=LIVE,
    )


def untold_runs() -> QuerySet[Run]:
    """Return parked runs whose answer is there, and that nobody was told of.

    A wait's own deadline hides them from unwakeable_runs(): they would go on, but late.
    """
    return Run.objects.filter(
        ~Exists(Ready.objects.filter(run=OuterRef("pk"))),
        Exists(Hook.objects.filter(run=OuterRef("pk"), state=HookState.FILLED)),
        state=RunState.WAITING,
    )
