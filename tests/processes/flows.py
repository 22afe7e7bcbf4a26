"""A person at a real server, one step at a time, so that a test can break something in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.demo.server import Server
from wallets.client import Wallet, WalletError
from wallets.client.events import SHOWN, Event

PATIENCE = 60.0


class Visitor:
    """A wallet that answers the ticket talker; `say` decides what the broker is told."""

    def __init__(self, folder: Path, server: Server, say: str = "YES") -> None:
        self.say = say
        self.happened: list[Event] = []
        self.wallet = Wallet.create(
            folder,
            notifier="notifier.test",
            routes=[f"*.test={server.url}"],
            answer=self.answer,
        )

    def answer(self, wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
        if prompt["Format"] == "TEXT":
            return {"Result": "OK", "Answer": "Alice"}
        return {"Result": self.say}

    def until(self, reached: Callable[[Visitor], bool]) -> Visitor:
        """Poll until something is so; fail after a minute. A server that is away is waited for."""
        limit = time.monotonic() + PATIENCE
        while not reached(self):
            assert time.monotonic() < limit, [event.text for event in self.happened]
            try:
                self.happened += self.wallet.poll(wait=0.5)
            except WalletError:
                time.sleep(0.2)
        return self

    def shown(self, format: str) -> list[str]:
        """Return the lines of a format that were shown."""
        return [
            event.details["Text"]
            for event in self.happened
            if event.kind == SHOWN and event.details["Format"] == format
        ]

    def has_ended(self) -> bool:
        return bool(self.shown("DONE") or self.shown("FAIL"))
