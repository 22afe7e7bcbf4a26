"""One look for all the wallets that wait at this process, ten times a second."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import structlog
from django.db import Error, connection

from wallets.models import Notification

log = structlog.get_logger(__name__)

PAUSE = 0.1
AFTER_FAULT = 1.0
AT_ONCE = 500  # wallets asked about in one statement


class Watch:
    """Tells those who wait that something has come. Its thread lives while anybody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[threading.Event, UUID] = {}
        self._running = False

    def wait(self, registration_id: UUID, seconds: float) -> bool:
        """Wait until something waits for this wallet, at most `seconds`; say whether it does."""
        come = threading.Event()
        with self._lock:
            self._waiting[come] = registration_id
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="watch", daemon=True).start()
        try:
            return come.wait(seconds)
        finally:
            with self._lock:
                del self._waiting[come]

    def _run(self) -> None:
        try:
            while waiting := self._who_waits():
                try:
                    self._look(waiting)
                except Error:
                    log.warning("watch_lost_database", exc_info=True)
                    connection.close()
                    time.sleep(AFTER_FAULT)
                time.sleep(PAUSE)
        except BaseException:
            with self._lock:
                self._running = False  # the next to wait starts another
            raise
        finally:
            connection.close()

    def _who_waits(self) -> dict[threading.Event, UUID]:
        """Return who waits; when nobody does, the thread is to end."""
        with self._lock:
            self._running = bool(self._waiting)
            return dict(self._waiting)

    def _look(self, waiting: dict[threading.Event, UUID]) -> None:
        ids = sorted(set(waiting.values()))
        found: set[UUID] = set()
        for start in range(0, len(ids), AT_ONCE):
            there = Notification.objects.filter(
                registration_id__in=ids[start : start + AT_ONCE], acknowledged_at=None
            )
            found.update(there.values_list("registration_id", flat=True).distinct())
        for come, registration_id in waiting.items():
            if registration_id in found:
                come.set()


watch = Watch()
