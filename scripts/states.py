"""The states of runs, hooks and signals; the only place that spells them."""

from django.db import models


class RunState(models.TextChoices):
    READY = "READY"
    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    QUARANTINED = "QUARANTINED"


LIVE = (RunState.READY, RunState.WAITING)
UNENDED = (*LIVE, RunState.QUARANTINED)
FINAL = (RunState.DONE, RunState.FAILED, RunState.DECLINED, RunState.CANCELLED)


class HookState(models.TextChoices):
    IDLE = "IDLE"  # nobody waits: signals are kept for the next WAIT
    OPEN = "OPEN"  # a run waits here
    FILLED = "FILLED"  # a signal won; the run is owed an advance
    LIVE = "LIVE"  # a run has set a return here: each signal takes it back
    CLOSED = "CLOSED"  # the deadline won, or the run ended: what comes now is late


class SignalState(models.TextChoices):
    NEW = "NEW"
    CONSUMED = "CONSUMED"
    LATE = "LATE"
    REFUSED = "REFUSED"
