"""Connections to a web process, bounded: who says nothing, and who does not listen, is let go.

uvicorn waits for ever for the end of a request's headers, and for somebody to take an answer.
Started with `--http config.connections:BoundedProtocol`, and by `manage.py up`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import h11
from django.conf import settings
from uvicorn.protocols.http.h11_impl import H11Protocol

from messaging import caller

HEADER_SECONDS = 10.0
UNREAD_SECONDS = 60.0  # for an answer to be taken, or at least a good part of it
SILENT_MOST = 1024  # that have not said yet what they want; of more the oldest go


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 on one connection, with an end to every wait for the other side."""

    silent: dict[BoundedProtocol, str] = {}  # by age, each with its share; of this process

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._headers_due: asyncio.TimerHandle | None = None
        self._taking_due: asyncio.TimerHandle | None = None
        if len(self.connections) > settings.WEB_CONNECTIONS:
            transport.abort()
            return
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look_at_state()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look_at_state()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        self._stop_taking()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_taking()
        self._taking_due = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_taking()

    def _stop_taking(self) -> None:
        if self._taking_due is not None:
            self._taking_due.cancel()
            self._taking_due = None

    def _look_at_state(self) -> None:
        """Begin or end the wait for headers. Between two requests uvicorn waits by itself, but
        only until a first byte comes."""
        started = self.conn.their_state is not h11.IDLE
        if started:
            self._wait_no_more()
        elif self.timeout_keep_alive_task is None:
            self._wait_for_headers()

    def _wait_for_headers(self) -> None:
        if self._headers_due is not None or self.transport.is_closing():
            return
        self._headers_due = self.loop.call_later(HEADER_SECONDS, self.transport.abort)
        share = caller.share_of(self.client[0] if self.client else "", "", 0)
        self.silent[self] = share
        if len(self.silent) > SILENT_MOST:
            self._let_one_go()

    def _let_one_go(self) -> None:
        """End the oldest silent connection of the address that has the most of them."""
        most = Counter(self.silent.values()).most_common(1)[0][0]
        oldest = next(each for each, share in self.silent.items() if share == most)
        oldest._wait_no_more()
        oldest.transport.abort()

    def _wait_no_more(self) -> None:
        self.silent.pop(self, None)
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None
