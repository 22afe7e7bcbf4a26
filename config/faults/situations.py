"""The situations of one run: its mailbox, its deadline, its call; and who may meet there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import transaction

from config.faults import hands
from config.faults.cases import Case, Operation, Told, World, judge_run
from config.faults.scene import BROKER, ISSUER
from messaging import outbox
from messaging.ids import uuid4
from messaging.models import OutboxMessage
from scripts import hooks, lifecycle, services, wakes
from scripts.items import defining
from scripts.language.values import decode
from scripts.models import Item, Ready, Run, Signal
from scripts.states import LIVE, RunState, SignalState

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
SEATS = "Prefix: Hall\nTable: Seats\nItem: Seat\n"
TAKES = """
💬 Takes:
- SELECT >> $taken:
    From: Hall.Seats
    Where:
        Show: $.Inputs.Show
- IF $taken.IsEmpty:
    - SAVE Hall.Seats:
        Show: $.Inputs.Show
        Who: $.Inputs.Who
    - RETURN: yes
- RETURN: no
"""
HOUR = timedelta(hours=1).total_seconds()


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
        wrong = judge_run(run)
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
        "start": Operation(lambda: world.start(*again).pk == run.pk),
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


def worn(world: World, rung: hands.Bells) -> Case:
    """A run whose every worker has died: the next one that takes it sets it aside."""
    run, hook = _parked(world, rung)
    with transaction.atomic():
        wakes.wake(run.pk)
    Ready.objects.filter(run=run).update(attempts=wakes.ATTEMPTS)
    operations = {
        "advance": Operation(lambda: services.advance(run.pk)),
        "stale": Operation(lambda: _stale_advance(run)),
        "signal": _signal(hook, "a"),
        "wake": Operation(lambda: _woken(run)),
        "sweep": Operation(services.sweep),
    }

    def meanwhile(one: str, point: str, other: str) -> list[str]:
        """Whoever sets a run aside does so for the wake-up that it has claimed, and no other."""
        run.refresh_from_db()
        aside = run.state == RunState.QUARANTINED
        if point == "claim_after_commit" and other in ("signal", "wake") and aside:
            return ["it was woken after its last attempt had begun, and was set aside all the same"]
        return []

    def judge(told: Told) -> list[str]:
        """Set aside or not, what was accepted is kept, and an operator's retry acts on it."""
        if lifecycle.retry(run.pk, by="fault plan"):
            hands.drain(rung)
        return _judge_wait(run, hook)(told)

    return Case(operations, judge, meanwhile=meanwhile)


# -- messages -------------------------------------------------------------------------------------


def call(world: World, rung: hands.Bells) -> Case:
    """A run that waits for a peer's answer; the question is about to leave."""
    run = world.begin(CALLS)
    services.advance(run.pk)
    message = OutboxMessage.objects.get(origin=str(run.pk))

    def judge(told: Told) -> list[str]:
        run.refresh_from_db()
        ended = run.state == RunState.DONE and decode(run.result)
        return judge_run(run) + ([] if ended else [f"the run is {run.state}: {run.error}"])

    operations = {
        "deliver": Operation(lambda: outbox.deliver(message.pk)),
        "stale": Operation(lambda: _stale_delivery(message)),
        "advance": Operation(lambda: services.advance(run.pk)),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, judge)


def _stale_delivery(message: OutboxMessage) -> None:
    """A worker that was stopped past its lease, and still believes that it delivers."""
    with mock.patch("messaging.outbox.claims.LEASE", timedelta(seconds=-1)):
        outbox.deliver(message.pk)


# -- a dataset ------------------------------------------------------------------------------------


def seats(world: World, rung: hands.Bells) -> Case:
    """The last seat of a hall, and two who count those taken and then take it."""
    defining.save_set(domain=ISSUER, source=SEATS)
    show = f"show {uuid4()}"
    runs = {who: world.begin(TAKES, Show=show, Who=who) for who in ("one", "two")}

    def judge(told: Told) -> list[str]:
        for run in runs.values():
            run.refresh_from_db()
        wrong = [line for run in runs.values() for line in judge_run(run)]
        rows = Item.objects.filter(set__domain=ISSUER, data__Show=show)
        sold = [row.data["Who"] for row in rows]
        got = [who for who, run in runs.items() if decode(run.result) == "yes"]
        return [*wrong, *([] if len(sold) == 1 and sold == got else [f"sold to {sold}, say {got}"])]

    operations = {
        "one": Operation(lambda: services.advance(runs["one"].pk)),
        "two": Operation(lambda: services.advance(runs["two"].pk)),
        "sweep": Operation(services.sweep),
    }
    return Case(operations, judge)


SITUATIONS: Mapping[str, Callable[[World, hands.Bells], Case]] = {
    each.__name__: each for each in (fresh, parked, answered, edge, due, worn, call, seats)
}
