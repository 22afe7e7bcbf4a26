"""The people of a play, in a process of their own: real wallets that speak https to both sides.

`python -m tests.apart.people FOLDER PLAN.json` plays the plan's flows and prints one line of JSON.
A file `gate` in the folder holds all answers to the broker's question back while it exists.
"""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.apart.cast import ANSWERS, LOCATORS, SAYS
from tests.apart.shared_clock import SharedClock
from wallets.client import Refused, Unreachable, Wallet, WalletError

ENDS = ("DONE", "FAIL")
FLOW_SECONDS = 240.0
PAUSE = 0.5


@dataclass
class Person:
    """One wallet; it plays its flows one after the other, whatever the network does."""

    folder: Path
    routes: list[str]
    gate: Path
    chance: random.Random
    wallet: Wallet | None = None
    problems: list[str] = field(default_factory=list)
    troubles: int = 0
    lengths: list[float] = field(default_factory=list)

    def answer(self, wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
        """Reply as the host's place in the cast wants it."""
        host = wallet.chat(prompt["Chat"])["Host"]
        if prompt["Sender"] != wallet.broker:
            return SAYS.get(prompt["Format"])
        if host == "pool.test":
            time.sleep(self.chance.uniform(1.0, 3.4))
        (self.folder / "asked").touch()
        while self.gate.exists():
            time.sleep(0.05)
        return ANSWERS[host]

    def live(self, domains: list[str]) -> None:
        """Onboard, then play a flow at each of `domains`."""
        try:
            self.wallet = self._patiently(
                lambda: Wallet.create(
                    self.folder, notifier="notifier.test", routes=self.routes, answer=self.answer
                )
            )
            for domain in domains:
                began = time.monotonic()
                self._flow(self.wallet, domain)
                self.lengths.append(time.monotonic() - began)
        except WalletError as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def _patiently(self, act: Any) -> Any:
        """Do it until somebody answers. Raises what the wallet raises after a flow's time."""
        limit = time.monotonic() + FLOW_SECONDS
        while True:
            try:
                return act()
            except (Unreachable, Refused) as error:
                if time.monotonic() > limit or (isinstance(error, Refused) and error.status != 429):
                    raise
                self.troubles += 1
                time.sleep(PAUSE)

    def _flow(self, wallet: Wallet, domain: str) -> None:
        hook = self._patiently(lambda: wallet.locate(LOCATORS[domain]))
        limit = time.monotonic() + FLOW_SECONDS
        while not self._ended(wallet, hook):
            self._patiently(lambda: wallet.poll(wait=2))
            if time.monotonic() > limit:
                self.problems.append(f"a flow at {domain} never came to its end")
                return

    def _ended(self, wallet: Wallet, hook: str) -> bool:
        chat = wallet.chat_opened_as(hook)
        return chat is not None and bool(closing_lines(wallet.chat(chat)))

    def linger(self, seconds: float) -> None:
        """Take what is still on its way: a late offer's end, a copy to let go of."""
        limit = time.monotonic() + seconds
        wallet = self.wallet
        while wallet is not None and time.monotonic() < limit:
            self._patiently(lambda: wallet.poll(wait=1))

    def report(self) -> dict[str, Any]:
        """Say what this wallet holds: tokens by chat, and the closing lines of each chat."""
        if self.wallet is None:
            return {"Tokens": {}, "Chats": {}}
        wallet = self.wallet
        self._patiently(wallet.frontend)
        tokens = {
            each["Document"]["Token"]: {"Valid": each["Valid"], "Status": each["Status"]}
            for each in wallet.tokens()
        }
        chats = {}
        for name in wallet.folder.names("chats"):
            chat = wallet.folder.read(name)
            chats[chat["Chat"]] = closing_lines(chat)
        return {"Tokens": tokens, "Chats": chats}


def closing_lines(chat: dict[str, Any]) -> list[str]:
    """Return the formats of a chat's last words, one for each time they were said."""
    return [each["Format"] for each in chat["Prompts"].values() if each["Format"] in ENDS]


def main() -> None:
    """Play a plan: {Flows: [[domain, ...] of each wallet], Routes, Clock, Seed, Linger}."""
    folder, plan = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    SharedClock(Path(plan["Clock"])).follow()
    people = [
        Person(
            folder / f"{plan['Name']}-{number}",
            plan["Routes"],
            folder / "gate",
            random.Random(plan["Seed"] * 1000 + number),
        )
        for number in range(len(plan["Flows"]))
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda pair: pair[0].live(pair[1]), zip(people, plan["Flows"], strict=True)))
    seconds = time.monotonic() - began
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda person: person.linger(plan["Linger"]), people))
    result: dict[str, Any] = {
        "Seconds": seconds,
        "Lengths": sorted(length for person in people for length in person.lengths),
        "Problems": [line for person in people for line in person.problems],
        "Troubles": sum(person.troubles for person in people),
        "Tokens": {},
        "Chats": {},
    }
    for person in people:
        held = person.report()
        result["Tokens"].update(held["Tokens"])
        result["Chats"].update(held["Chats"])
    Path(plan["Result"]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
