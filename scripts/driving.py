"""Who drives a run in this process, and waits to be told that there is more to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from django.db import transaction

_lock = threading.Lock()
_drivers: dict[UUID, list[threading.Event]] = {}


@contextmanager
def watched(run_id: UUID) -> Iterator[threading.Event]:
    """Give an event that is set each time that something of this run is committed here.

    What another process commits it does not tell: whoever waits looks again from time to time.
    """
    told = threading.Event()
    with _lock:
        _drivers.setdefault(run_id, []).append(told)
    try:
        yield told
    finally:
        with _lock:
            _drivers[run_id].remove(told)
            if not _drivers[run_id]:
                del _drivers[run_id]


def tell_after_commit(run_id: UUID) -> None:
    """Tell who drives this run, once the caller's transaction has committed."""
    transaction.on_commit(partial(_tell, run_id), robust=True)


def _tell(run_id: UUID) -> None:
    if run_id not in _drivers:  # as for most runs, and a look without the lock costs nothing
        return
    with _lock:
        for told in _drivers.get(run_id, []):
            told.set()
