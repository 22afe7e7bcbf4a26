"""Prunes until nothing more goes, whatever rests."""

from __future__ import annotations

from collections import Counter

from messaging import retention
from messaging.models import Pruning


def prune_all() -> Counter[str]:
    """End every row whose time has come; return how many, by rule."""
    removed: Counter[str] = Counter()
    while True:
        Pruning.objects.update(position="", due_at="2000-01-01T00:00:00Z")
        counts = {rule: count for rule, count in retention.prune(60).items() if count}
        if not counts:
            return removed
        removed.update(counts)


def faults() -> list[str]:
    """Return what could not end, by rule."""
    return [f"{each.rule}: {each.fault}" for each in Pruning.objects.exclude(fault="")]
