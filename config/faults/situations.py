"""The situations of the interleavings: rows made by the real code, and who may meet there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import transaction

from broker.models import Token as BrokerToken
from config.faults import hands, poison, scene
from config.faults.judge import AGREED
from config.faults.scene import BROKER, ISSUER, Order
from host.models import Prompt
from issuer.models import Token, TokenEvent
from messaging import clock, inbox, outbox
from messaging.ids import uuid4
from messaging.models import InboxMessage, OutboxMessage
from scripts import hooks, services, wakes
from scripts.language.values import decode
from scripts.models import Ready, Run, RunEvent, Signal
from scripts.states import LIVE, RunState, SignalState
from wallets.client import Wallet

WAITS = """
💬 Waits:
- WAIT >> $answer:
    Hook: $.Inputs.Hook
    Timeout: 1 hour
- RETURN:
    Answer: $answer
    TimedOut: $.Script.TimedOut
"""
CALLS = f"""
💬 Calls:
- SEND >> $key:
    Header:
        To: {BROKER}
        Subject: PublicKey@Graph
    Body:
        Domain: {ISSUER}
        DKIM: pw1
- RETURN: $key.PublicKey
"""
HOUR = timedelta(hours=1).total_seconds()
Told = list[tuple[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One call of the real code, and how far its clock is ahead of the common one."""

    run: Callable[[], object]
    clock_seconds: float = 0.0


@dataclass
class Case:
    """One instance of a situation. `judge(told)` says what is wrong at the end; `told` is what the
    operations returned, in the order in which they ended."""

    operations: Mapping[str, Operation]
    judge: Callable[[Told], list[str]]
    told: Told = field(default_factory=list)
    # What is wrong right after the two: (who was held, at which point, who came meanwhile).
    meanwhile: Callable[[str, str, str], list[str]] = lambda one, point, other: []


class World:
    """What all situations share: the domains, one wallet, and its chat."""

    def __init__(self, folder: Path, rung: hands.Bells) -> None:
        self.folder = folder
        self.rung = rung
        self.number = 0
        self.wallets = 0
        poison.learn()
        scene.build()
        self.start_afresh()

    def start_afresh(self) -> None:
        """Open another chat with another wallet: the last one's may be in any state."""
        self.wallets += 1
        folder = self.folder / f"wallet{self.wallets}"
        self.wallet = Wallet.create(folder, notifier=scene.NOTIFIER)
        self.wallet.locate(scene.LOCATOR)
        hands.drain(self.rung, self.wallet)
        [name] = self.wallet.folder.names("chats")
        self.chat = Path(name).stem

    def begin(self, source: str, **inputs: Any) -> Run:
        """Start one of the scripts above, not advanced."""
        self.number += 1
        return self._start(source, f"case:{self.number}", inputs)

    def _start(self, source: str, trigger: str, inputs: dict[str, Any]) -> Run:
        version = scene.compiled(source)
        script = next(iter(version.file.scripts))
        with transaction.atomic():
            started = services.start_run(
                version, script, domain=ISSUER, trigger=trigger, inputs=inputs
            )
        return started or Run.objects.get(domain=ISSUER, trigger=trigger, script=script)

    def order(self, rung: hands.Bells, answer: str = "") -> Order:
        """Submit an order and bring it to the broker's question, or past its answer."""
        self.number += 1
        until = clock.now() + timedelta(minutes=10)
        order = Order(self.number, self.chat, until)
        scene.submit(order)
        reply = {"Result": answer} if answer else None
        self.wallet.answer = lambda wallet, prompt: reply
        hands.drain(rung, self.wallet)
        return order


# -- one run and its mailbox ----------------------------------------------------------------------


def _signal(hook: str, source: str, *, origin: str = f"domain:{ISSUER}") -> Operation:
    def send() -> SignalState:
        return hooks.send_signal(
            domain=ISSUER, name=hook, source=source, origin=origin, value=source
        )

    return Operation(send)


def _judge_wait(run: Run, hook: str) -> Callable[[Told], list[str]]:
    """The run ended once, and with the answer of somebody who was told that it is accepted."""

    def judge(told: Told) -> list[str]:
        run.refresh_from_db()
        wrong = _judge_run(run)
        if run.state != RunState.DONE:
            return [*wrong, f"the run is {run.state}: {run.error}"]
        result: Any = decode(run.result)
        states = dict(Signal.objects.filter(hook__name=hook).values_list("source", "state"))
        consumed: list[str | None] = [
            source for source, state in states.items() if state == SignalState.CONSUMED
        ]
        if [result["Answer"]] != (consumed or [None]):
            wrong.append(f"the script has {result}, consumed were {consumed}")
        accepted = [name for name, state in told if state == SignalState.NEW]
        if accepted and result["TimedOut"]:
            wrong.append(f"{accepted} were told that they are accepted, and the wait timed out")
        return wrong

    return judge


def _judge_run(run: Run) -> list[str]:
    events = RunEvent.objects.filter(run=run).count()
    return [] if events == run.rev else [f"revision {run.rev}, and {events} in the log"]


def _parked(world: World, rung: hands.Bells) -> tuple[Run, str]:
    hook = f"door {uuid4()}"
    run = world.begin(WAITS, Hook=hook)
    hands.drain(rung)
    return run, hook


def fresh(world: World, rung: hands.Bells) -> Case:
    """A run that was started a moment ago."""
    hook = f"door {uuid4()}"
    run = world.begin(WAITS, Hook=hook)
    again = (WAITS, run.trigger, {"Hook": hook})
    operations = {
        "start": Operation(lambda: world._start(*again).pk == run.pk),
        "advance": Operation(lambda: services.advance(run.pk)),
        "signal": _signal(hook, "a"),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_wait(run, hook))


def parked(world: World, rung: hands.Bells) -> Case:
    """A run that waits, with an hour to go."""
    run, hook = _parked(world, rung)
    operations = {
        "signal": _signal(hook, "a"),
        "other": _signal(hook, "b"),
        "stranger": _signal(hook, "c", origin="domain:charlie.test"),
        "advance": Operation(lambda: services.advance(run.pk)),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_wait(run, hook))


def answered(world: World, rung: hands.Bells) -> Case:
    """A run whose answer has come, and that is owed an advance."""
    run, hook = _parked(world, rung)
    _signal(hook, "a").run()
    operations = {
        "advance": Operation(lambda: services.advance(run.pk)),
        "stale": Operation(lambda: _stale_advance(run)),
        "again": _signal(hook, "a"),
        "other": _signal(hook, "b"),
        "wake": Operation(lambda: _woken(run)),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_wait(run, hook))


def _woken(run: Run) -> None:
    """Somebody else has a reason to wake the run."""
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, state__in=(RunState.READY, RunState.WAITING)).exists():
            wakes.wake(run.pk)


def _stale_advance(run: Run) -> None:
    """A worker that was stopped past its lease: it believes to hold a claim that is another's."""
    with mock.patch("scripts.wakes.LEASE", timedelta(seconds=-1)):
        services.advance(run.pk)


def edge(world: World, rung: hands.Bells) -> Case:
    """The deadline is now: by some clocks it has passed, by others it has not."""
    run, hook = _parked(world, rung)
    late = HOUR + 1
    operations = {
        "signal": _signal(hook, "a"),
        "late": Operation(_signal(hook, "b").run, late),
        "fire": Operation(wakes.fire_timers, late),
        "expire": Operation(services.sweep, late),
    }
    return Case(operations, _judge_wait(run, hook))


def due(world: World, rung: hands.Bells) -> Case:
    """The deadline has passed, the run is woken, and an answer comes at the same moment."""
    run, hook = _parked(world, rung)
    with transaction.atomic():
        wakes.wake(run.pk)
    operations = {
        "signal": _signal(hook, "a"),
        "other": _signal(hook, "b"),
        "expire": Operation(lambda: services.advance(run.pk), HOUR + 1),
        "advance": Operation(lambda: services.advance(run.pk)),
        "wake": Operation(lambda: _woken(run)),
    }

    def meanwhile(one: str, point: str, other: str) -> list[str]:
        """Whoever wakes a run is promised an advance that begins after that."""
        claimed = one == "advance" and point != "claim_before_commit"
        live = Run.objects.filter(pk=run.pk, state__in=LIVE).exists()
        if claimed and other == "wake" and live and not Ready.objects.filter(run=run).exists():
            return ["a wake-up that came during an advance was deleted with the claimed one"]
        return []

    return Case(operations, _judge_wait(run, hook), meanwhile=meanwhile)


# -- messages -------------------------------------------------------------------------------------


def call(world: World, rung: hands.Bells) -> Case:
    """A run that waits for a peer's answer; the question is about to leave."""
    run = world.begin(CALLS)
    services.advance(run.pk)
    message = OutboxMessage.objects.get(origin=str(run.pk))

    def judge(told: Told) -> list[str]:
        run.refresh_from_db()
        ended = run.state == RunState.DONE and decode(run.result)
        return _judge_run(run) + ([] if ended else [f"the run is {run.state}: {run.error}"])

    operations = {
        "deliver": Operation(lambda: outbox.deliver(message.pk)),
        "stale": Operation(lambda: _stale_delivery(message)),
        "advance": Operation(lambda: services.advance(run.pk)),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, judge)


def _stale_delivery(message: OutboxMessage) -> None:
    """A worker that was stopped past its lease, and still believes that it delivers."""
    with mock.patch("messaging.outbox.LEASE", timedelta(seconds=-1)):
        outbox.deliver(message.pk)


def message(world: World, rung: hands.Bells) -> Case:
    """The same message of a person comes in twice, and its handler runs."""
    world.order(rung)
    raw, other = _reply(world, "YES"), _reply(world, "NO")
    operations = {
        "receive": Operation(lambda: inbox.receive(raw).status),
        "again": Operation(lambda: inbox.receive(raw).status),
        "contrary": Operation(lambda: inbox.receive(other).status),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_flow(world))


def _reply(world: World, result: str) -> bytes:
    """Return a person's answer to the newest question in the chat."""
    prompt = Prompt.objects.filter(chat__chat=world.chat, format="CONFIRM").latest("created_at")
    body = {"Prompt": str(prompt.pk), "Result": result}
    envelope = world.wallet._envelope(BROKER, "Reply@Host", body, sender="Anonymous")
    return envelope.signed(world.wallet.chat_key(world.chat)).to_bytes()


# -- the flow's own decisions ---------------------------------------------------------------------


def _judge_flow(world: World) -> Callable[[Told], list[str]]:
    """Both domains agree, each decided once, and nothing was sent twice."""
    number = world.number

    def judge(told: Told) -> list[str]:
        run = Run.objects.get(script="Order", trigger=f"order:{number}")
        wrong = _judge_run(run)
        token = Token.objects.get(context__Order=str(number))
        mirror = BrokerToken.objects.filter(token=token.pk).first()
        sides = (str(token.state), token.status, *_side(mirror))
        if not any(sides == agreed[:4] for agreed in AGREED):
            wrong.append(f"issuer and broker say {sides}")
        accepted = AGREED.get((*sides, True)) == "accepted"
        if run.state != RunState.DONE or bool(decode(run.result)["Token"]) != accepted:
            wrong.append(f"{sides}, and the script is {run.state} with {run.result}")
        decided = TokenEvent.objects.filter(token=token, kind="STATE").exclude(
            value__in=["ISSUED", "OFFERED"]
        )
        if decided.count() != 1:
            wrong.append(f"the issuer decided {[event.value for event in decided]}")
        for subject in ("Issue@Broker", "Offered@Issuer", "Save@Notifier"):
            if OutboxMessage.objects.filter(subject=subject, body__Token=str(token.pk)).count() > 1:
                wrong.append(f"{subject} was sent more than once")
        if InboxMessage.objects.filter(state="RECEIVED").exists():
            wrong.append("a message was received and never handled")
        return wrong

    return judge


def _side(mirror: BrokerToken | None) -> tuple[str | None, str | None]:
    return (None, None) if mirror is None else (str(mirror.state), mirror.status)


def _run_of(script: str, domain: str) -> Run:
    return Run.objects.filter(script=script, domain=domain).latest("created_at")


def asked(world: World, rung: hands.Bells) -> Case:
    """The person is asked, and the offer's time is up: their yes meets the broker's own timer."""
    order = world.order(rung)
    left = (order.until - clock.now()).total_seconds()
    yes = _reply(world, "YES")
    lapse, question = _run_of("OnTokenLapsed", BROKER), _run_of("OnTokenDetailed", BROKER)

    def say_yes() -> None:
        inbox.receive(yes)
        services.advance(_run_of("Reply@Host", BROKER).pk)
        services.advance(question.pk)

    operations = {
        "yes": Operation(say_yes),
        "lapse": Operation(lambda: _fired(lapse), left + 1),
        "time out": Operation(lambda: _fired(question), left + 1),
        "sweep": Operation(services.sweep, left + 1),
    }
    return Case(operations, _judge_flow(world))


def _fired(run: Run) -> None:
    """Fire what is due, and advance this run as the worker would that hears its bell."""
    wakes.fire_timers()
    services.advance(run.pk)


def saved(world: World, rung: hands.Bells) -> Case:
    """The wallet has the token; its word, the broker's timer and the issuer's meet."""
    order = world.order(rung)
    yes = _reply(world, "YES")
    inbox.receive(yes)
    hands.drain(rung)
    token = Token.objects.get(context__Order=str(order.number))
    left = (order.until - clock.now()).total_seconds()
    decide = (token.decide_at - clock.now()).total_seconds()
    body = {"Issuer": ISSUER, "Token": str(token.pk), "Path": "tokens/1"}
    word = world.wallet._envelope(BROKER, "Saved@Broker", body).signed(world.wallet.key).to_bytes()
    theirs, ours = _run_of("OnTokenLapsed", BROKER), _run_of("OnTokenLapsed", ISSUER)

    def say_saved() -> None:
        inbox.receive(word)
        services.advance(_run_of("Saved@Broker", BROKER).pk)

    operations = {
        "saved": Operation(say_saved),
        "broker lapses": Operation(lambda: _fired(theirs), left + 1),
        "issuer lapses": Operation(lambda: _fired(ours), decide + 1),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, _judge_flow(world))


SITUATIONS: Mapping[str, Callable[[World, hands.Bells], Case]] = {
    each.__name__: each
    for each in (fresh, parked, answered, edge, due, call, message, asked, saved)
}
# Those of a complete flow, from the order to both domains' decision.
COMPLETE = frozenset({"message", "asked", "saved"})
