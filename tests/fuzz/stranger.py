"""`python -m tests.fuzz.stranger [--seconds 600] [--seed 1]`: one stranger types anything anywhere.

A whole deployment in this process (the database of DATABASE_URL, else a scratch one), and people
with ordinary wallets in forty languages, who open talkers, links that are none and links with
inputs, answer questions of every format with whatever comes, press every button at the wrong
moment, and send requests to every door that anybody may knock at. Hours pass now and then. Nothing
of it may leave a run set aside, a version stopped, a row that nobody will ever work on, an answer
5xx, a reported error, or a talk that only asked and failed. Prints what was done; the exit code is
1 when anything is left.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from random import Random
from typing import Any
from uuid import UUID

import django

from config.demo.server import NO_LIMITS

CHATS = 4  # of one person at once
TURNS = 12  # between two looks at what is due
HOURS = 40  # looks between two jumps of the clock
BUTTONS = ("Home@Broker", "Abandon@Broker", "Opened@Broker")
PATHS = (
    "/",
    "/go/",
    "/wallet/",
    "/wallet/chat/",
    "/ops/",
    "/api/schema",
    "/inbox",
    "/.well-known/",
)


class Stranger:
    """A person whose wallet sends whatever they do. `locators` are those that open something."""

    def __init__(self, chance: Random, locators: list[str]) -> None:
        from tests.person import Person

        self.chance, self.locators = chance, locators
        self.person = Person("mallory")
        self.person.onboard()
        self.chats: list[str] = []
        self.statuses: Counter[str] = Counter()

    def turn(self) -> None:
        """Do one thing."""
        doing = self.chance.random()
        if not self.chats or (doing < 0.12 and len(self.chats) < CHATS):
            self.open()
        elif doing < 0.75:
            self.answer()
        elif doing < 0.82:
            self.press()
        elif doing < 0.92:
            self.send_anything()
        else:
            self.knock()

    def said(self, what: str, status: int) -> None:
        self.statuses[f"{what} {status}"] += 1
        if status >= 500:
            logging.getLogger("stranger").error("%s was answered %s", what, status)

    def odd(self, format: str = "") -> Any:
        from tests.fuzz import typed

        return typed.value(self.chance, format)

    def open(self) -> None:
        """Follow a locator: one that is there, one with inputs, or one that is none."""
        from tests.fuzz import typed

        locator: Any = self.chance.choice(self.locators)
        if self.chance.random() < 0.3:
            locator += f",{typed.text(self.chance)}={typed.text(self.chance)}"
        if self.chance.random() < 0.2:
            locator = self.odd()
        hook = str(UUID(int=self.chance.getrandbits(128)))
        body = {"Locator": locator, "Hook": hook}
        if self.chance.random() < 0.3:
            body["Inputs"] = self.odd() if self.chance.random() < 0.5 else {"Name": self.odd()}
        self.send("broker.test", "Locate@Broker", body)
        self.settle()
        for opened in self.person.waiting("Open@Notifier"):
            if opened["Hook"] == hook:
                self.opened(str(opened["Chat"]))

    def opened(self, chat: str) -> None:
        from messaging.signing import PrivateKey

        key = self.person.chat_keys[chat] = PrivateKey.generate()
        self.send("broker.test", "Opened@Broker", {"Chat": chat, "PublicKey": key.public.spki})
        self.chats.append(chat)
        self.settle()

    def answer(self) -> None:
        """Answer the newest question of a chat; most answers are odd, so that some talks go on."""
        chat = self.chance.choice(self.chats)
        asked = [
            intent
            for intent in self.person.waiting("Prompt@Notifier")
            if intent["Chat"] == chat and intent["Format"] not in ("INFO", "TEMP", "FAIL")
        ]
        if not asked or asked[-1]["Format"] == "DONE" or self.chance.random() < 0.03:
            self.chats.remove(chat)
            return
        prompt = asked[-1] if self.chance.random() < 0.95 else self.chance.choice(asked)
        body: dict[str, Any] = {"Prompt": prompt["Hook"]}
        if prompt["Format"] == "CONFIRM":
            body["Result"] = self.chance.choice(("YES", "YES", "NO", "CANCEL"))
        else:
            body["Answer"] = self.fitting(prompt) or self.odd(prompt["Format"])
        if self.chance.random() < 0.1:
            body[self.chance.choice(("Result", "Answer", "Prompt"))] = self.odd()
        self.send(prompt["Sender"], "Reply@Host", body, chat=chat)
        self.settle()

    def fitting(self, prompt: dict[str, Any]) -> Any:
        """Return an answer that fits, for one question in three; else nothing."""
        if self.chance.random() < 0.67:
            return None
        return FITS.get(prompt["Format"])

    def press(self) -> None:
        """A button of the wallet, in a chat that is there, or in none."""
        chat = self.chance.choice(self.chats)
        body = {"Chat": chat if self.chance.random() < 0.8 else self.odd()}
        subject = self.chance.choice(BUTTONS)
        if subject == "Opened@Broker":
            body["PublicKey"] = self.odd()
        self.send("broker.test", subject, body)
        self.settle()

    def send_anything(self) -> None:
        """A message of a subject that wallets and chats send, with a body of anything."""
        wallet = self.chance.random() < 0.5
        to = "broker.test" if wallet else "theatre.test"
        subject, names = self.chance.choice(WALLETS if wallet else IN_CHAT)
        body = {name: self.odd() for name in names if self.chance.random() < 0.9}
        likely = {**LIKELY, "Prompt": self.known(), "Token": self.known(), "Chat": self.known()}
        for name in body:
            if name in likely and self.chance.random() < 0.7:
                body[name] = self.chance.choice(likely[name])
        self.send(to, subject, body, chat=None if wallet else self.chance.choice(self.chats))

    def known(self) -> list[str]:
        bodies = [*self.person.waiting("Prompt@Notifier"), *self.person.waiting("Save@Notifier")]
        return [str(body.get("Token") or body["Hook"]) for body in bodies] or [self.chats[0]]

    def knock(self) -> None:
        """A request by HTTP, as a browser, a script or a scanner of ports makes it."""
        from django.test import Client

        from tests.fuzz import typed

        path = self.chance.choice(PATHS) + (
            typed.text(self.chance)[:300] if self.chance.random() < 0.6 else ""
        )
        method = self.chance.choice(("GET", "GET", "POST", "HEAD", "OPTIONS", "PUT"))
        body = json.dumps(self.odd()) if self.chance.random() < 0.5 else typed.text(self.chance)
        headers = {
            name: typed.text(self.chance).encode("ascii", "replace").decode()[:200]
            for name in (
                "Wallet",
                "Wallet-Timestamp",
                "Wallet-Signature",
                "Accept",
                "Last-Event-ID",
            )
            if self.chance.random() < 0.3
        }
        answer = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1").generic(
            method, path, body, content_type="application/json", headers=headers
        )
        self.said(f"{method} HTTP", answer.status_code)

    def send(self, to: str, subject: str, body: Any, *, chat: str | None = None) -> None:
        from messaging.canonical import NotCanonical
        from messaging.envelope import Malformed

        try:
            if chat is None:
                answer = self.person.send(to, subject, body)
            else:
                answer = self.person.send_in_chat(chat, to, subject, body)
        except (NotCanonical, Malformed, UnicodeEncodeError):
            self.statuses["cannot be signed"] += 1  # no wallet could send it
            return
        self.said(subject, answer.status)

    def settle(self) -> None:
        from tests.pump import pump

        pump(100_000)


WALLETS = (
    ("Locate@Broker", ("Locator", "Hook", "Inputs", "Origin")),
    ("Opened@Broker", ("Chat", "PublicKey")),
    ("Saved@Broker", ("Issuer", "Token", "Path")),
    ("Frontend@Broker", ("Sets", "Page", "Cursor")),
    ("Home@Broker", ("Chat",)),
    ("Abandon@Broker", ("Chat",)),
)
IN_CHAT = (
    ("Prompted@Host", ("Prompt",)),
    ("Reply@Host", ("Prompt", "Result", "Answer")),
    ("Download@Host", ("Appendix",)),
    ("Issued@Issuer", ("Token",)),
    ("About@Graph", ("Domain", "Language")),
    ("Schema@Graph", ("Schema", "Language")),
)
FITS: dict[str, Any] = {
    "DATE": "2021-05-01",
    "TIME": "12:30",
    "STARS": "3",
    "QUANTITY": "1",
    "AMOUNT": "2",
    "ONE": "Adult",
    "MANY": ["Adult", "Child"],
    "DIGITS": "007",
    "TEXT": "Alice",
}
LIKELY: dict[str, list[Any]] = {
    "Domain": ["theatre.test", "gym.test"],
    "Language": ["en-us", "de"],
    "Schema": [".HOST/BOOKING/SELF", ".BROKER"],
    "Sets": [["CHATS"], ["TOKENS"], ["OFFERS", "CHATS"], []],
    "Issuer": ["theatre.test"],
    "Path": ["tokens/1"],
}


def play(seconds: float, seed: int, faults: Any) -> list[str]:
    """Let strangers come one after another for so long; return what they left that must not be."""
    from messaging import clock
    from tests.fuzz.asking import furnish

    chance = Random(seed)
    locators, firm = furnish(seed)
    done: Counter[str] = Counter()
    end, looks, people = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        stranger = Stranger(chance, locators)
        people += 1
        for _ in range(chance.choice((20, 60, 120))):
            if time.monotonic() >= end:
                break
            stranger.turn()
            looks += 1
            if looks % HOURS == 0:
                clock.move(chance.choice((30, 600, 7200, 90_000)))
                stranger.settle()
        done += stranger.statuses
    for what, count in sorted(done.items()):
        say(f"  {what}: {count}")
    left = leftovers(firm)
    answers = sum(count for what, count in done.items() if what.startswith("Reply@Host"))
    say(f"{sum(done.values())} actions of {people} strangers, {answers} answers, seed {seed}")
    return [*left, *(f"reported: {text}" for text in faults.found)]


def leftovers(firm: set[str]) -> list[str]:
    """Return what is set aside, stopped or stuck once all that was to come has come."""
    from messaging import clock
    from messaging.models import OutboxMessage
    from scripts.models import Ready, Run, ScriptVersion
    from scripts.selectors import untold_runs, unwakeable_runs
    from scripts.states import RunState
    from tests.pump import pump

    for _ in range(30):  # a talk may wait many times, each time for a month
        clock.move(40 * 86_400)
        pump(100_000)
    asides = Run.objects.filter(state=RunState.QUARANTINED)
    left = [f"set aside: {run.script}: {run.error}" for run in asides]
    left += [f"stopped: {each.name}" for each in ScriptVersion.objects.exclude(stopped_at=None)]
    left += [f"cannot be woken: {run} {run.state}" for run in unwakeable_runs()]
    left += [f"not told: {run}" for run in untold_runs()]
    left += [f"still waits: {run} {run.state}" for run in Run.objects.filter(state="WAITING")]
    left += [f"still ready: {ready}" for ready in Ready.objects.filter(due_at__lte=clock.now())]
    owed = OutboxMessage.objects.filter(state="DUE", due_at__lte=clock.now())
    left += [f"still owed: {message}" for message in owed]
    failed = Run.objects.filter(state=RunState.FAILED, error__startswith="Asks ")
    return left + [f"failed though it only asks: {run.error}" for run in failed]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Play by the command line's options; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from celery import Celery
    from django.core.management import call_command

    from config.demo.data import seed
    from tests.fuzz.envelopes import Faults

    faults = Faults()
    logging.getLogger().handlers = [faults]
    Celery.send_task = lambda *args, **given: None  # type: ignore[assignment, method-assign]
    call_command("migrate", verbosity=0)
    seed()
    left = play(options.seconds, options.seed, faults)
    for line in left[:40]:
        say(f"LEFT: {line[:600]}")
    say(f"left behind: {len(left)}")
    return int(bool(left))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/stranger.sqlite3")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "COUNTERSIGN_DATA": folder,
            "DNS_RESOLVERS": "127.0.0.1:1",
            "LOG_LEVEL": "ERROR",
            **NO_LIMITS,
            "SECRET_KEY": "only-for-this-run",
            "FIELD_KEYS": f"k1:{'0' * 64}",
        }
        django.setup()
        sys.exit(main())
