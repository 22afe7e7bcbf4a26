"""The wallets of a storm: what each person will do, and a wire that is no better than ours."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from config.faults.weather import Weather
from messaging import clock
from messaging.envelope import Envelope
from messaging.syntax import parse_time
from wallets.client import Wallet, WalletError
from wallets.client.errors import Unreachable
from wallets.client.transport import Transport

POLL_SECONDS = 5.0
PAUSE = 0.3
EDGE = (-0.25, 0.10)  # seconds round an offer's deadline

# What a person does with an offer -> how often.
HABITS: Mapping[str, float] = {"accept": 0.6, "decline": 0.1, "never": 0.1, "edge": 0.2}


def habit(chance: random.Random) -> str:
    """Draw what a person will do."""
    return chance.choices(list(HABITS), list(HABITS.values()))[0]


def intend(folder: Path, chat: str, doing: str, until: str) -> None:
    """Write down what the person of a chat will do with the next offer, before it is made."""
    draft = folder / "intents" / f".{chat}"
    draft.write_text(json.dumps({"Doing": doing, "Until": until}), encoding="utf-8")
    draft.rename(folder / "intents" / chat)


def answer(folder: Path, chance: random.Random, _: Wallet, prompt: dict[str, Any]) -> Any:
    """Answer a question as its chat's person intends to."""
    intent = json.loads((folder / "intents" / str(prompt["Chat"])).read_text(encoding="utf-8"))
    if intent["Doing"] == "never":
        return None
    if intent["Doing"] == "edge":
        edge = parse_time(intent["Until"]) + timedelta(seconds=chance.uniform(*EDGE))
        time.sleep(min(max((edge - clock.now()).total_seconds(), 0), 20))
    return {"Result": "NO" if intent["Doing"] == "decline" else "YES"}


class FlakyTransport(Transport):
    """Loses, repeats and delays what a wallet says, and says some of it again as a new message."""

    weather: Weather

    def post(self, envelope: Envelope) -> bytes:
        kind = self.weather.draw()
        if kind == "drop":
            raise Unreachable("dropped on the way")
        if kind == "delay":
            time.sleep(self.weather.chance.uniform(0.2, 2.0))
        reply = super().post(envelope)
        if kind == "repeat":
            super().post(envelope)
        if kind == "lose answer":
            raise Unreachable("the answer was lost")
        return reply


class Repeating(Wallet):
    """Says a third of its answers again under a fresh message id, as an impatient app would."""

    def tell_in_chat(self, chat: str, to: str, subject: str, body: dict[str, Any]) -> None:
        super().tell_in_chat(chat, to, subject, body)
        weather = FlakyTransport.weather
        if weather.blowing.value and weather.chance.random() < 0.3:
            weather.journal("message", "fresh id")
            super().tell_in_chat(chat, to, subject, body)


def live(weather: Weather, folders: list[Path], ending: Callable[[], bool]) -> None:
    """Be these wallets, each in a thread, until `ending`; may be killed at any moment."""
    FlakyTransport.weather = weather
    with mock.patch("wallets.client.wallet.Transport", FlakyTransport):
        threads = [
            threading.Thread(target=_poll, args=(weather, folder, ending), daemon=True)
            for folder in folders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _poll(weather: Weather, folder: Path, ending: Callable[[], bool]) -> None:
    wallet = Repeating(folder, answer=partial(answer, weather.folder, weather.chance))
    while not ending():
        try:
            wallet.poll(wait=POLL_SECONDS)
        except WalletError as error:
            weather.journal("wallet", type(error).__name__)
            time.sleep(PAUSE)
