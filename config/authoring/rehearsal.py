"""A script played with the real engine, brokers and wallet, in this process: nothing of it is a
stand-in but the person.

It works on the database that Django is connected to, which must be one to throw away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from broker.models import Notifier
from config.authoring.person import NO_ANSWER, NoAnswer, Person, reply
from config.authoring.places import NoSuchFile, Place, read
from config.authoring.virtual_time import VirtualTime, spoken
from config.in_process import Bells, bells, drain, local_wallets
from host.models import Talker, Title
from host.services import save_talker
from messaging.each import each, name_of
from messaging.keys import create_domain
from messaging.models import HostedDomain, OutboxMessage
from scripts import library
from scripts.items.files import keep_text
from scripts.language.errors import LoadErrors
from scripts.language.values import decode
from scripts.models import Ready, Run, RunEvent, Timer
from scripts.states import LIVE, RunState
from wallets.client import Wallet, events
from wallets.client.errors import WalletError
from wallets.client.events import Event
from wallets.models import NotifierBroker

log = structlog.get_logger(__name__)

BROKER, NOTIFIER = "broker.test", "notifier.test"
OPENER = "OnChatActivated"
LONGEST = timedelta(days=800)
JUMPS = 2000


@dataclass(frozen=True)
class Line:
    """What a person at the wallet reads or does. `kind` is a prompt's format, or OFFER, ANSWER,
    LATER (time has passed), SAVED, REMOVED or REFUSED."""

    kind: str
    text: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """How a rehearsal ended. `problem` is set when it could not be played to its end."""

    state: str = ""
    result: Any = None
    error: str = ""
    lines: list[Line] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    waited: timedelta = field(default_factory=timedelta)
    problem: str = ""
    run: Run | None = None


def prepare(place: Place, *, script: str = "") -> Talker:
    """Put in the domains and the talker, and the others of its folder that are sound.

    Raises LoadErrors when this one is not, NoSuchFile when it does not hold `script`.
    """
    for name in (BROKER, NOTIFIER, place.domain):
        if not HostedDomain.objects.filter(pk=name).exists():
            title = name.partition(".")[0].title()
            create_domain(name, title)
            Title.objects.get_or_create(code=name, language="en-us", defaults={"title": title})
    Notifier.objects.get_or_create(domain=BROKER, name=NOTIFIER)
    NotifierBroker.objects.get_or_create(domain=NOTIFIER, defaults={"broker": BROKER})
    # What is wrong beside it `script check` tells; this talker may do without.
    each("script beside it", place.neighbours(), _keep, left_out)
    each("dataset beside it", place.datasets(), partial(_keep_dataset, place.domain), left_out)
    talker = _keep(place)
    if script:
        held = library.version(talker.version).file.scripts
        if script not in held:
            raise NoSuchFile(f"{place.path}: no script {script}; it has {', '.join(held)}")
        talker.script = script
        talker.save(update_fields=["script"])
    return talker


def _keep_dataset(domain: str, path: Path) -> None:
    keep_text(read(path), domain=domain, file=str(path))


def left_out(beside: Place | Path, fault: Exception) -> None:
    """Say what this talker does without; that a script beside it is faulty is no news here."""
    if isinstance(beside, Place) and isinstance(fault, LoadErrors):
        return
    path = beside.path if isinstance(beside, Place) else beside
    log.warning("left_out", file=name_of(path), fault=str(fault))


def _keep(place: Place) -> Talker:
    return save_talker(domain=place.domain, key=place.key, title="", source=place.source())


class Rehearsal:
    """One person, one chat, one talker, from its opening to the end of everything it started."""

    def __init__(
        self,
        place: Place,
        person: Person,
        time: VirtualTime,
        tell: Callable[[Line], None] = lambda line: None,
    ) -> None:
        self.place = place
        self.person = person
        self.time = time
        self.tell = tell
        self.outcome = Outcome()
        self.pending: list[dict[str, Any]] = []
        self.passed = timedelta()
        self.chat = ""

    def play(self, talker: Talker, folder: Path, inputs: dict[str, Any]) -> Outcome:
        """Open the talker in a new wallet kept in `folder`, and go on until it has ended."""
        with bells() as rung, self._wallet(folder) as wallet:
            self.version = talker.version
            self.began = self.time.moment
            hook = wallet.locate(f".HOST,{self.place.domain},{self.place.key}", inputs)
            try:
                self._settle(rung, wallet)
                self.chat = wallet.chat_opened_as(hook) or ""
                self._go_on(rung, wallet)
            except NoAnswer as missing:
                self.outcome.problem = str(missing)
            self._end(wallet)
        return self.outcome

    @contextmanager
    def _wallet(self, folder: Path) -> Iterator[Wallet]:
        with local_wallets():
            wallet = Wallet.create(folder, notifier=NOTIFIER, answer=self._keep_for_later)
            try:
                yield wallet
            finally:
                wallet.close()

    def _keep_for_later(self, wallet: Wallet, prompt: dict[str, Any]) -> None:
        """Answer nothing yet: what came before the question has to be read first."""
        self.pending.append(prompt)

    # -- going on ---------------------------------------------------------------------------

    def _go_on(self, rung: Bells, wallet: Wallet) -> None:
        for _ in range(JUMPS):
            self._settle(rung, wallet)
            if self.pending:
                self._react(rung, wallet, self.pending.pop(0))
            elif not self._runs() or not self._jump():
                return
            if self.time.moment - self.began > LONGEST:
                self.outcome.problem = f"it goes on for more than {LONGEST.days} days"
                return
        self.outcome.problem = "it goes on for ever"

    def _settle(self, rung: Bells, wallet: Wallet) -> None:
        drain(rung, wallet, tell=self._hear)

    def _runs(self) -> bool:
        """Say whether the talker, or what it started, is not at its end."""
        own = Run.objects.filter(state__in=LIVE, domain=self.place.domain)
        return own.filter(script=OPENER).exists() or own.filter(version_id=self.version).exists()

    def _jump(self, until: Any = None) -> bool:
        """Go to the next moment at which something is due, not past `until`; False if none is."""
        due = [
            rows.order_by("due_at").values_list("due_at", flat=True).first()
            for rows in (
                Timer.objects.all(),
                Ready.objects.all(),
                OutboxMessage.objects.filter(state="DUE"),
            )
        ]
        moments = [moment for moment in due if moment is not None]
        if until is not None and (not moments or min(moments) > until):
            self.passed += self.time.jump(until)
            return False
        if not moments:
            return False
        self.passed += self.time.jump(min(moments))
        return True

    def _pass(self, period: timedelta, rung: Bells, wallet: Wallet) -> None:
        """Let time go by, with all that falls due in it."""
        until = self.time.moment + period
        while self._jump(until):
            self._settle(rung, wallet)
        self._settle(rung, wallet)

    # -- the person -------------------------------------------------------------------------

    def _react(self, rung: Bells, wallet: Wallet, prompt: dict[str, Any]) -> None:
        offer = prompt["Sender"] == wallet.broker
        said = (self.person.decide if offer else self.person.answer)(prompt)
        if said.after:
            self._pass(said.after, rung, wallet)
        sent = reply(prompt, said.text)
        self._say(Line("ANSWER", said.text.strip() if sent else NO_ANSWER))
        if sent is None:
            return
        body = {"Prompt": prompt["Prompt"], **sent}
        try:
            wallet.tell_in_chat(prompt["Chat"], prompt["Sender"], "Reply@Host", body)
        except WalletError as error:
            self._say(Line("REFUSED", f"too late, or not possible: {error}"))

    def _hear(self, happened: list[Event]) -> None:
        for event in happened:
            if event.kind == events.SHOWN:
                self._say(_shown(event, BROKER))
            elif event.kind == events.SAVED:
                self._say(Line("SAVED", str(event.details["Schema"]), event.details))
            elif event.kind in (events.REMOVED, events.REFUSED):
                self._say(Line(event.kind.upper(), event.text, event.details))

    def _say(self, line: Line) -> None:
        period = spoken(self.passed)
        if period:
            self._add(Line("LATER", f"{period} later"))
            self.outcome.waited += self.passed
            self.passed = timedelta()
        self._add(line)

    def _add(self, line: Line) -> None:
        self.outcome.lines.append(line)
        self.tell(line)

    # -- the end ----------------------------------------------------------------------------

    def _end(self, wallet: Wallet) -> None:
        self.outcome.waited += self.passed
        run = Run.objects.filter(domain=self.place.domain, script=OPENER).order_by("-id").first()
        if run is None or not self.chat:
            self.outcome.problem = self.outcome.problem or "the talker was never opened"
            return
        self.outcome.run = run
        self.outcome.state = str(run.state)
        self.outcome.error = run.error
        self.outcome.result = None if run.result is None else decode(run.result)
        self.outcome.logged = [
            str(note)
            for data in RunEvent.objects.filter(run__domain=self.place.domain)
            .order_by("at", "id")
            .values_list("data", flat=True)
            for note in data.get("log", [])
        ]
        if run.state in LIVE and not self.outcome.problem:
            self.outcome.problem = "it still waits, and nothing will wake it"
        if run.state == RunState.QUARANTINED:
            self.outcome.problem = f"the engine gave it up: {run.error}"
        wallet.frontend()
        self.outcome.tokens = wallet.tokens()


def _shown(event: Event, broker: str) -> Line:
    prompt = event.details
    if prompt["Sender"] == broker and prompt["Format"] == "CONFIRM":
        return Line("OFFER", str(prompt.get("Details") or prompt["Text"]), prompt)
    return Line(str(prompt["Format"]), str(prompt["Text"]), prompt)
