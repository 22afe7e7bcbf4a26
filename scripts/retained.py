"""How long the engine's rows are kept: what ended, unless something that lives needs it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q

from messaging import clock
from messaging.each import each
from messaging.retention import Calls, Ends, Goes, Kept, Rows, Rule, days
from scripts import lifecycle, retiring
from scripts.models import Hook, ItemHistory, Quarantine, Ready, Run, Signal, Timer
from scripts.states import FINAL, UNENDED, HookState, RunState, SignalState

QUARANTINED_AT_ONCE = 50


def without_live_runs(found: list[Any]) -> Iterable[Any]:
    """Leave out the rows that a run which has not ended was started for."""
    about = Run.objects.filter(subject_id__in=[str(row.pk) for row in found], state__in=UNENDED)
    busy = set(about.values_list("subject_id", flat=True))
    return [row for row in found if str(row.pk) not in busy]


def _let_go(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out runs that are owed something, or that may be taken back by a return."""
    own = {"run": OuterRef("pk")}
    return rows.filter(
        ~Exists(Hook.objects.filter(**own)),
        ~Exists(Ready.objects.filter(**own)),
        ~Exists(Timer.objects.filter(**own)),
    )


def _never_set_aside(rows: Rows, cutoff: datetime) -> Rows:
    return _let_go(rows, cutoff).filter(~Exists(Quarantine.objects.filter(run=OuterRef("pk"))))


def _silent(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out mailboxes that were used lately, and those with a signal that nobody took."""
    signals = Signal.objects.filter(hook=OuterRef("pk"))
    used = signals.filter(Q(created_at__gte=cutoff) | Q(state=SignalState.NEW))
    return rows.filter(Q(deadline=None) | Q(deadline__lt=cutoff)).filter(~Exists(used))


def _not_waited_for(rows: Rows, cutoff: datetime) -> Rows:
    return rows.filter(hook__run=None)


def _superseded(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out what a repeated insert, and a run's own last change, are recognised by."""
    later = ItemHistory.objects.filter(item=OuterRef("item"), version__gt=OuterRef("version"))
    return rows.exclude(version=1).filter(Exists(later))


def _not_handled(found: list[Any]) -> Iterable[Any]:
    """Leave out the events that a run which has not ended handles."""
    triggers = {f"item:{row.item_id}:{row.version}": row for row in found}
    live = Run.objects.filter(trigger__in=triggers, state__in=UNENDED)
    busy = set(live.values_list("trigger", flat=True))
    return [row for trigger, row in triggers.items() if trigger not in busy]


def cancel_forgotten() -> int:
    """Cancel runs that were set aside so long ago that no operator will come; return how many."""
    cutoff = clock.now() - days("QUARANTINE")()
    lately = Quarantine.objects.filter(run=OuterRef("pk"), at__gte=cutoff)
    forgotten = Run.objects.filter(
        ~Exists(lately), state=RunState.QUARANTINED, created_at__lt=cutoff
    )
    ids = list(forgotten.values_list("pk", flat=True)[:QUARANTINED_AT_ONCE])
    return sum(each("run", ids, partial(lifecycle.cancel, by="KEEP_QUARANTINE_DAYS")))


_REFUSED = Q(state=RunState.FAILED, chat=None) & ~Q(message_id=None)
RETAINED: dict[str, tuple[Rule, ...]] = {
    "scripts.ScriptVersion": (
        Calls(retiring.retire, "KEEP_VERSION_DAYS after nothing runs on it, opens or calls it"),
    ),
    "scripts.Run": (
        Ends(
            days("RUN"),
            "finished_at",
            born="created_at",
            where=Q(state__in=(RunState.DONE, RunState.DECLINED)),
            spare=_never_set_aside,
        ),
        # A message that its handler refused: its sender's fault, and there may be many.
        Ends(
            days("RUN_REFUSED"),
            "finished_at",
            born="created_at",
            where=_REFUSED,
            spare=_never_set_aside,
        ),
        Ends(
            days("RUN_FAILED"),
            "finished_at",
            born="created_at",
            where=Q(state__in=FINAL),
            spare=_let_go,
        ),
        Calls(cancel_forgotten, "KEEP_QUARANTINE_DAYS after it was set aside it is cancelled"),
    ),
    "scripts.Ready": (Goes("scripts.Run"),),
    "scripts.Timer": (Goes("scripts.Run"),),
    "scripts.RunEvent": (Goes("scripts.Run"),),
    "scripts.Quarantine": (Goes("scripts.Run"),),
    "scripts.Imprint": (Goes("scripts.Run"),),
    "scripts.Checkpoint": (Goes("scripts.Run"),),
    "scripts.Hook": (
        Ends(
            days("HOOK"),
            "created_at",
            where=Q(run=None, state__in=(HookState.IDLE, HookState.CLOSED)),
            spare=_silent,
        ),
    ),
    "scripts.Signal": (
        Ends(
            days("HOOK"),
            "created_at",
            born="created_at",
            where=~Q(state=SignalState.NEW),
        ),
        Ends(
            days("EARLY_SIGNAL"),
            "created_at",
            born="created_at",
            where=Q(state=SignalState.NEW),
            spare=_not_waited_for,
        ),
    ),
    "scripts.ItemSet": (Kept("an operator's"),),
    "scripts.Item": (Kept("the domain's own data; its definition and scripts say when it goes"),),
    "scripts.ItemHistory": (
        Ends(
            days("ITEM_HISTORY"),
            "at",
            born="at",
            spare=_superseded,
            sift=_not_handled,
        ),
    ),
}
