"""The people of the demonstration: each a wallet of its own, answering as it was told to."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wallets.client import Wallet, WalletError
from wallets.client import events as kinds
from wallets.client.events import Event

END_FORMATS = ("DONE", "FAIL")
FLOW_SECONDS = 60.0


@dataclass
class Person:
    """`replies` maps a prompt's format to the reply, or to None to leave it unanswered; `last`
    is the format of the talker's closing line."""

    name: str
    locator: str
    replies: dict[str, dict[str, str] | None]
    last: str = ""
    wallet: Wallet | None = None
    happened: list[Event] = field(default_factory=list)
    problem: str = ""

    def answer(self, wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
        """Reply as told: to the broker's own question under BROKER, to others by format."""
        if prompt["Sender"] == wallet.broker:
            return self.replies.get("BROKER")
        return self.replies.get(prompt["Format"])

    def live(self, folder: Path, notifier: str, route: str) -> None:
        """Onboard, open the locator, and talk until the talker's closing line."""
        try:
            self.wallet = Wallet.create(
                folder / self.name, notifier=notifier, routes=[route], answer=self.answer
            )
            self.wallet.locate(self.locator)
            self._talk(self.wallet)
        except WalletError as error:
            self.problem = str(error)

    def _talk(self, wallet: Wallet) -> None:
        limit = time.monotonic() + FLOW_SECONDS
        while not self.last:
            if time.monotonic() > limit:
                self.problem = "the talker never came to its end"
                return
            for event in wallet.poll(wait=2):
                self.happened.append(event)
                if event.kind == kinds.SHOWN and event.details["Format"] in END_FORMATS:
                    self.last = str(event.details["Format"])

    def start(self, folder: Path, notifier: str, route: str) -> threading.Thread:
        """Live in a thread, beside the others."""
        thread = threading.Thread(target=self.live, args=(folder, notifier, route), daemon=True)
        thread.start()
        return thread

    def tokens(self) -> list[dict[str, Any]]:
        """Return what is in this person's wallet."""
        return [] if self.wallet is None else self.wallet.tokens()


def cast() -> list[Person]:
    """Return who accepts, who declines, and who looks away."""
    return [
        Person(
            "alice",
            ".HOST,theatre.test,ticket",
            {"TEXT": {"Result": "OK", "Answer": "Alice"}, "BROKER": {"Result": "YES"}},
        ),
        Person(
            "bob",
            ".HOST,gym.test,membership",
            {
                "ONE": {"Result": "OK", "Answer": "Mornings"},
                "CONFIRM": {"Result": "YES"},
                "BROKER": {"Result": "NO"},
            },
        ),
        Person("charlie", ".HOST,library.test,card", {"BROKER": None}),
    ]
