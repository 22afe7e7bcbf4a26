"""How long rows are kept: one literal table of rules, and what prunes by it, a little at a time.

Each app fills its own part (`<app>/retained.py`); a test fails for a table without a rule. A rule
is worked off along its table's primary key, a window of rows at a time, from where the last window
ended: so a pass costs the same however much is kept for good, and needs no index of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Model, Q, QuerySet

from messaging import clock
from messaging.models import Pruning

log = structlog.get_logger(__name__)

WINDOW = 200  # rows looked at, and ended, in one transaction
PASS_SECONDS = 2.0
LEASE = timedelta(seconds=60)  # who prunes and dies holds a rule up for so long
REST = timedelta(minutes=10)  # after the last row of a table, until the first is looked at again

Rows = QuerySet[Any]


def days(kind: str) -> Callable[[], timedelta]:
    """Return what reads the days of KEEP_DAYS for `kind`, when it is asked."""
    return lambda: timedelta(days=settings.KEEP_DAYS[kind])


def _all(rows: Rows, cutoff: datetime) -> Rows:
    return rows


def _each(found: list[Any]) -> Iterable[Any]:
    return found


def _nothing(found: list[Any]) -> None:
    """Nothing else has to end first."""


@dataclass(frozen=True)
class Ends:
    """Rows end `after` a while since the moment in `age`, if they are as in `where`.

    `spare(rows, cutoff)` leaves out, by a query, what something needs; `sift(rows)` does so of rows
    that are loaded and locked, for what a query cannot say. `first` does what must happen before,
    in the same transaction. With `empties` a row stays with these fields: the key that recognises
    a repeat, and no more. `born` is when a row was made, never empty, in the order of the key: what
    is younger than the cutoff ends the search; without it the whole table is gone through.
    """

    after: Callable[[], timedelta]
    age: str
    born: str = ""
    where: Q = field(default_factory=Q)
    spare: Callable[[Rows, datetime], Rows] = _all
    sift: Callable[[list[Any]], Iterable[Any]] = _each
    first: Callable[[list[Any]], None] = _nothing
    empties: Mapping[str, Any] = field(default_factory=dict)

    def may_end(self, rows: Rows) -> Rows:
        """Return which of `rows` may end now, as far as a query can say."""
        cutoff = clock.now() - self.after()
        return self.spare(rows.filter(self.where, **{f"{self.age}__lt": cutoff}), cutoff)


@dataclass(frozen=True)
class Calls:
    """What ends rows of a table in a way of its own; `work` returns how many it ended."""

    work: Callable[[], int]
    why: str


@dataclass(frozen=True)
class Goes:
    """Rows go with the row of another table that they belong to."""

    along: str


@dataclass(frozen=True)
class Swept:
    """Rows end with the sweep of every second, because their number is bounded too."""

    by: str


@dataclass(frozen=True)
class Kept:
    """Rows are kept for good, because ..."""

    because: str


Rule = Ends | Calls | Goes | Swept | Kept
# The rules of each table, by its label, and what else must not go: said by the apps that need it.
tables: dict[str, tuple[Rule, ...]] = {}
needs: dict[str, list[Callable[[Rows], Rows]]] = {}


def register(entries: Mapping[str, tuple[Rule, ...]]) -> None:
    """Add the rules of tables, by label. Raises ImproperlyConfigured when one has rules already."""
    for label, rules in entries.items():
        if tables.setdefault(label, rules) is not rules:
            raise ImproperlyConfigured(f"two apps say how long {label} is kept")


def register_needs(entries: Mapping[str, Callable[[Rows], Rows]]) -> None:
    """Add, for tables of an app below, what leaves out the rows that this app still needs."""
    for label, leave in entries.items():
        known = needs.setdefault(label, [])
        if leave not in known:
            known.append(leave)


def working() -> dict[str, tuple[type[Model], Ends | Calls]]:
    """Return the rules that there is work for, by a name that stays: table and number."""
    return {
        f"{label} {number}": (apps.get_model(label), rule)
        for label, rules in tables.items()
        for number, rule in enumerate(rules)
        if isinstance(rule, Ends | Calls)
    }


def prune(seconds: float = PASS_SECONDS) -> dict[str, int]:
    """End rows whose time has come, for about so many seconds; return how many, by rule.

    Any number of processes may do so at once. A rule that fails, or a row, stops no other.
    """
    rules = working()
    _remember(rules)
    removed: dict[str, int] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end and (turn := _claim()) is not None:
        if turn.rule not in rules:
            Pruning.objects.filter(pk=turn.pk).delete()  # of a release before
            continue
        count = _take(turn, *rules[turn.rule])
        removed[turn.rule] = removed.get(turn.rule, 0) + count
    return removed


def _remember(rules: Iterable[str]) -> None:
    known = set(Pruning.objects.values_list("rule", flat=True))
    fresh = [Pruning(rule=name, due_at=clock.now()) for name in rules if name not in known]
    if fresh:
        Pruning.objects.bulk_create(fresh, ignore_conflicts=True)


def _claim() -> Pruning | None:
    """Take the rule that has waited longest, for the length of a lease; None when none is due."""
    now = clock.now()
    turn = Pruning.objects.filter(due_at__lte=now).order_by("due_at", "rule").first()
    if turn is None:
        return None
    mine = Pruning.objects.filter(pk=turn.pk, due_at=turn.due_at).update(due_at=now + LEASE)
    return turn if mine else _claim()


def _take(turn: Pruning, model: type[Model], rule: Ends | Calls) -> int:
    """Work on one window of a rule, and write down how far it went; return how many rows ended."""
    position, fault, count = "", "", 0
    try:
        if isinstance(rule, Calls):
            count = rule.work()
        else:
            count, position, fault = _window(model, rule, turn.position)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("prune_failed", rule=turn.rule)
        fault = repr(error)
    now = clock.now()
    Pruning.objects.filter(pk=turn.pk).update(
        position=position,
        due_at=now if position else now + REST,
        removed=F("removed") + count,
        fault=fault[:500],
        worked_at=now,
    )
    return count


def _window(model: type[Model], rule: Ends, position: str) -> tuple[int, str, str]:
    """Return how many rows of the next window ended, its last key ("" at the end), and a fault."""
    rows = model._base_manager.order_by("pk")
    if position:
        rows = rows.filter(pk__gt=model._meta.pk.to_python(position))
    born = rule.born or "pk"
    seen = list(rows.values_list("pk", born)[:WINDOW])
    if not seen or (rule.born and all(_is_young(moment, rule) for _, moment in seen)):
        return 0, "", ""
    first, last = seen[0][0], seen[-1][0]
    found = rule.may_end(model._base_manager.filter(pk__gte=first, pk__lte=last))
    for leave in needs.get(model._meta.label, ()):
        found = leave(found)
    ids = list(found.values_list("pk", flat=True))
    count, fault = _ended(model, rule, ids)
    return count, str(last) if len(seen) == WINDOW else "", fault


def _is_young(moment: datetime | date | None, rule: Ends) -> bool:
    cutoff = clock.now() - rule.after()
    if isinstance(moment, datetime):
        return moment >= cutoff
    return moment is not None and moment >= cutoff.date()


def _ended(model: type[Model], rule: Ends, ids: list[Any]) -> tuple[int, str]:
    """End these rows together; where that fails, each alone, so that none stops its neighbours."""
    if not ids:
        return 0, ""
    try:
        return _end(model, rule, ids), ""
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.warning("prune_one_by_one", table=model._meta.label, exc_info=True)
    count, fault = 0, ""
    for key in ids:
        try:
            count += _end(model, rule, [key])
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("prune_row_failed", table=model._meta.label, row=str(key))
            fault = f"{key}: {error!r}"
    return count, fault


def _end(model: type[Model], rule: Ends, ids: list[Any]) -> int:
    """End rows in one transaction, if they still may; one that somebody holds goes another time."""
    with transaction.atomic():
        rows = rule.may_end(model._base_manager.filter(pk__in=ids)).order_by("pk")
        for leave in needs.get(model._meta.label, ()):
            rows = leave(rows)
        found = list(
            rule.sift(list(rows.select_for_update(of=("self",), skip_locked=True, no_key=True)))
        )
        if not found:
            return 0
        rule.first(found)
        ending = model._base_manager.filter(pk__in=[row.pk for row in found])
        if rule.empties:
            return ending.update(**rule.empties)
        ending.delete()
        return len(found)
