"""Versions of scripts that nothing needs any more: found, marked, and deleted some days later.

The days between are for processes that know a version as stored: within an hour each of them looks
again before it starts a run of it (`library.store`), and that takes the mark away.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast

from messaging import clock
from messaging.each import each
from messaging.retention import days
from scripts import library
from scripts.models import Checkpoint, ItemSet, Run, ScriptVersion
from scripts.registry import registry
from scripts.states import UNENDED

AT_ONCE = 20


def retire() -> int:
    """Mark versions that nothing refers to, and delete some that were marked long enough ago.

    Never one that an operator withdrew, or that is stopped: it must stay so. Returns how many went.
    """
    now = clock.now()
    free = _free()
    versions = ScriptVersion.objects.all()
    versions.exclude(unused_at=None).exclude(pk__in=free).update(unused_at=None)
    versions.filter(pk__in=free, unused_at=None).update(unused_at=now)
    old = versions.filter(pk__in=free, unused_at__lt=now - days("VERSION")())
    return sum(each("version", list(old.order_by("unused_at", "pk")[:AT_ONCE]), _delete))


def _free() -> set[str]:
    """Return the versions that no run began on, nothing opens, and no version in use calls."""
    links = dict(ScriptVersion.objects.values_list("hash", "links"))
    begun = Exists(Run.objects.filter(version=OuterRef("pk")))
    kept = ScriptVersion.objects.filter(
        Q(begun) | ~Q(stopped_at=None) | ~Q(withdrawn_at=None)
    ).values_list("hash", flat=True)
    todo = [*kept, *library.shelf.by_hash, *ItemSet.objects.values_list("version", flat=True)]
    for pinned in registry.pins:
        todo += pinned()
    used: set[str] = set()
    while todo:
        digest = todo.pop()
        if digest not in used:
            used.add(digest)
            todo += links.get(digest, {}).values()
    return set(links) - used


def _delete(version: ScriptVersion) -> int:
    """Delete a version that was marked, unless a run stands in it that began in another one."""
    text = Cast("continuation", TextField())
    runs = Run.objects.filter(state__in=UNENDED).annotate(held=text)
    returns = Checkpoint.objects.annotate(held=text)
    with transaction.atomic():
        marked = ScriptVersion.objects.filter(pk=version.pk, unused_at=version.unused_at)
        if not marked.select_for_update(skip_locked=True, no_key=True).exists():
            return 0
        if any(each.filter(held__contains=version.pk).exists() for each in (runs, returns)):
            return 0
        return marked.delete()[0]
