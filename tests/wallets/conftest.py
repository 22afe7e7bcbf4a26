"""A wallet at a real server of this process, over HTTP on 127.0.0.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.pump import pump
from wallets.client import Wallet
from wallets.client.events import Event

Say = dict[str, dict[str, str] | None]


class Scene:
    """A wallet with answers by prompt format; `settle` lets both sides work until all is still."""

    def __init__(self, folder: Path, url: str, say: Say) -> None:
        self.folder = folder
        self.route = f"*.test={url}"
        self.say = say
        self.asked: list[str] = []
        self.wallet = Wallet.create(
            folder, notifier="notifier.test", routes=[self.route], answer=self.answer
        )

    def answer(self, wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
        self.asked.append(prompt["Text"])
        return self.say.get(prompt["Format"])

    def settle(self) -> list[Event]:
        """Work until nothing waits any more; return what happened in the wallet."""
        happened: list[Event] = []
        while True:
            pump()
            events = self.wallet.poll()
            happened += events
            if not events and not pump():
                return happened

    def open(self, locator: str) -> list[Event]:
        self.wallet.locate(locator)
        return self.settle()

    def reopen(self) -> None:
        """Start the wallet again from its folder, as after a crash."""
        self.wallet.close()
        self.wallet = Wallet(self.folder, answer=self.answer)


@pytest.fixture
def scene(
    places: list[str], live_server: LiveServer, tmp_path: Path
) -> Iterator[Callable[..., Scene]]:
    """Make wallets; they are closed at the end."""
    scenes: list[Scene] = []

    def make(**say: dict[str, str] | None) -> Scene:
        scenes.append(Scene(tmp_path / f"wallet{len(scenes)}", live_server.url, say))
        return scenes[-1]

    yield make
    for each in scenes:
        each.wallet.close()
