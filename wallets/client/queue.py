"""The wallet's end of its notifier: fetching what waits, and saying that it is done with."""

from __future__ import annotations

import json
import time
from typing import Any

from messaging import clock
from messaging.canonical import BadJson, parse_json
from messaging.signing import PrivateKey
from wallets import request_signature
from wallets.client.errors import Refused, Untrusted
from wallets.client.transport import LARGEST_REPLY, Transport

LONGEST_WAIT = 25.0
SHORTEST_LOOK = 1.0


class Queue:
    """Signed requests of one wallet to its notifier's API."""

    def __init__(self, transport: Transport, key: PrivateKey, *, wallet: str, notifier: str):
        self.transport = transport
        self.key = key
        self.wallet = wallet
        self.notifier = notifier

    def fetch(self, wait: float) -> list[dict[str, Any]]:
        """Return what waits, oldest first, after up to `wait` seconds (25 at most).

        Raises Unreachable, Refused, or Untrusted for an answer that is no list of notifications.
        """
        wait = min(max(wait, 0.0), LONGEST_WAIT)
        asked = time.monotonic()
        answer = self._request("GET", f"/wallet/notifications?wait={wait:g}")
        waiting = answer.get("Notifications")
        if not isinstance(waiting, list) or not all(isinstance(each, dict) for each in waiting):
            raise Untrusted(f"{self.notifier} answered something else than notifications")
        if not waiting:
            # A busy notifier does not wait; asking again at once would make it busier.
            early = min(wait, SHORTEST_LOOK) - (time.monotonic() - asked)
            time.sleep(max(early, 0.0))
        return waiting

    def acknowledge(self, notification: str) -> None:
        """Take one off the queue; saying it twice does no harm. Raises Unreachable or Refused."""
        self._request("POST", "/wallet/notifications/acknowledge", {"IDs": [notification]})

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = request_signature.request_headers(
            self.key,
            method=method,
            path=path,
            notifier=self.notifier,
            wallet=self.wallet,
            body=raw,
            now=clock.now(),
        )
        reply = self.transport.request(
            method,
            self.transport.base(self.notifier) + path,
            content=raw,
            headers={**headers, "Content-Type": "application/json"},
        )
        if reply.status != 200:
            raise Refused(reply.status, f"{self.notifier} refused ({reply.status})")
        try:
            value = parse_json(reply.body, max_bytes=LARGEST_REPLY, max_depth=64)
        except BadJson as error:
            raise Untrusted(f"{self.notifier} answered {error}") from None
        if not isinstance(value, dict):
            raise Untrusted(f"{self.notifier} answered something else")
        return value
