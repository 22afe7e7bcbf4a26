"""What each process of a storm does until it is killed. All are forked from the storm's own."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from celery.beat import Service
from django.db import DatabaseError, InterfaceError, connection, connections

from broker.models import Token as BrokerToken
from broker.states import UNDECIDED
from config import embedded
from config.asgi import application
from config.celery import app
from config.faults import people, scene
from config.faults.judge import Verdict, judge_liveness
from config.faults.scene import Order
from config.faults.troubles import CLOCK_SECONDS
from config.faults.weather import Weather
from issuer.models import Token
from issuer.states import TokenState
from messaging import clock
from messaging.syntax import format_time
from scripts.models import Run
from scripts.states import LIVE

LONG_OFFER = timedelta(minutes=10)
SHORT_OFFER = (6.0, 16.0)  # seconds
LOOK_SECONDS = 0.5
TWICE, POISON, KILLER, TELLS = 0.10, 0.06, 0.01, 0.25


def serve(listener: socket.socket, *, all_in_one: bool = False) -> None:
    """Be a web process on a socket that others may serve too; embedded, be everything."""
    if all_in_one:
        connection.ensure_connection()  # as `manage.py up` does: holds the write-ahead log open
        embedded.start()
    config = uvicorn.Config(application, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def work(name: str, children: int) -> None:
    """Be a Celery worker with its own children."""
    options = ["-Q", "advance,outbox,post,sweep", "-c", str(children), "-n", f"{name}@storm"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "CRITICAL"]
    app.worker_main(["worker", *options, *quiet])


def beat() -> None:
    """Be a scheduler; two of them run always, and it does no harm."""
    Service(app, scheduler_cls=embedded.MemoryScheduler, max_interval=1).start()


def watch(weather: Weather, done: Any) -> None:
    """Ask every half second whether any run is stuck (I12), and count the orders that ended."""
    while True:
        try:
            verdict = Verdict()
            judge_liveness(verdict)
            # Those that ended are never read: a storm's table of runs grows, what lives does not.
            submitted = len(acknowledged(weather.folder))
            live = Run.objects.filter(script="Order", state__in=LIVE).count()
            done.value = max(submitted - live, 0)
            weather.journal("look", len(verdict.stuck), *verdict.stuck[:3])
        except (DatabaseError, InterfaceError):
            connections.close_all()  # it was taken away; the next look makes a new one
        time.sleep(LOOK_SECONDS)


class Submitter:
    """The issuer's own business: starts orders, and is sure of each only once it was committed.

    It may be killed between any two lines. What it had planned and not seen acknowledged, its
    successor submits again under the same number: that number is the idempotency key.
    """

    def __init__(self, weather: Weather, chats: Iterable[str], limit: Any) -> None:
        self.weather = weather
        self.limit = limit
        self.chance = random.Random(time.time())  # noqa: S311 - which chat, which habit
        self.planned = dict(read_plan(weather.folder))
        self.acknowledged = acknowledged(weather.folder)
        self.chats = list(chats)

    def run(self) -> None:
        """Submit until there are enough, then stay idle."""
        for number in sorted(set(self.planned) - self.acknowledged):
            self._submit(number, self.planned[number])
        while True:
            try:
                for chat in self._free():
                    if len(self.planned) < self.limit.value:
                        self._begin(chat)
            except (DatabaseError, InterfaceError):
                connections.close_all()
            time.sleep(0.2)

    def _free(self) -> list[str]:
        """Return chats without an undecided offer: a broker takes one a chat and issuer.

        Nor where the issuer has decided alone just now: a clock that is set back makes that offer
        undecided again at the broker.
        """
        live = set(Run.objects.filter(script="Order", state__in=LIVE).values_list("trigger"))
        busy = {self.planned[number][0] for number in self.planned if (f"order:{number}",) in live}
        busy |= {self.planned[n][0] for n in set(self.planned) - self.acknowledged}
        undecided = BrokerToken.objects.filter(state__in=UNDECIDED)
        busy |= {str(chat) for chat in undecided.values_list("chat_id", flat=True)}
        lately = clock.now() - timedelta(seconds=2 * CLOCK_SECONDS)
        lapsed = Token.objects.filter(state=TokenState.EXPIRED, decide_at__gt=lately)
        busy |= {str(chat) for chat in lapsed.values_list("chat", flat=True)}
        return [chat for chat in self.chats if chat not in busy]

    def _begin(self, chat: str) -> None:
        doing = people.habit(self.chance)
        number = max(self.planned, default=0) + 1
        life = LONG_OFFER
        if doing in ("never", "edge"):
            life = timedelta(seconds=self.chance.uniform(*SHORT_OFFER))
        until = clock.now() + life
        people.intend(self.weather.folder, chat, doing, format_time(until))
        plan = (chat, until)
        self.weather.journal("plan", number, chat, until.isoformat())
        self.planned[number] = plan
        self._submit(number, plan)
        self._submit_others(number)

    def _submit(self, number: int, plan: tuple[str, datetime]) -> None:
        order = Order(number, plan[0], plan[1], tell=number % round(1 / TELLS) == 0)
        for again in range(2 if self.chance.random() < TWICE else 1):
            if again:
                self.weather.journal("message", "start twice")
            self._insist(order)
        self.weather.journal("acknowledged", number)
        self.acknowledged.add(number)

    def _insist(self, order: Order) -> None:
        """Submit until the database says that it is committed."""
        while True:
            try:
                scene.submit(order)
            except (DatabaseError, InterfaceError):
                connections.close_all()
                time.sleep(0.2)
            else:
                return

    def _submit_others(self, number: int) -> None:
        """Now and then, a script that nobody should have written."""
        if not self.weather.blowing.value:
            return
        drawn = self.chance.random()
        if drawn < POISON + KILLER:
            scene.submit_poison(number, kills=drawn < KILLER)


def read_plan(folder: Path) -> Iterable[tuple[int, tuple[str, datetime]]]:
    """Return what was planned: number -> chat and deadline."""
    for words in read_journal(folder):
        if words[0] == "plan":
            yield int(words[1]), (words[2], datetime.fromisoformat(words[3]))


def acknowledged(folder: Path) -> set[int]:
    """Return the numbers of the orders whose start was acknowledged."""
    return {int(words[1]) for words in read_journal(folder) if words[0] == "acknowledged"}


def read_journal(folder: Path) -> Iterable[list[str]]:
    """Return the lines of a storm's journal, as words."""
    path = folder / "journal"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield line.split()
