"""Stopping the work in its midst: one thing at a time, until a run is where it is wanted."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from messaging import clock, inbox, outbox, points
from messaging.envelope import Envelope
from messaging.models import OutboxMessage
from messaging.signing import PrivateKey
from scripts import hooks, services, wakes
from scripts.models import Run
from tests.person import BROKER, NOTIFIER, Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN


class PowerCut(BaseException):
    """The process is gone: nothing may catch this."""


def knock(hook: str, value: Any) -> None:
    """Answer a WAIT, and do not let its run go on."""
    hooks.send_signal(
        domain=DOMAIN, name=hook, source="museum", origin=f"domain:{DOMAIN}", value=value
    )


class Midst:
    """Works row by row, and leaves alone what has been brought to where it is to be parked."""

    def __init__(self) -> None:
        self.parked: list[str] = []

    def until_run(self, script: str, state: str) -> None:
        """Work until a run of this script is in this state, and park it there."""
        for _ in range(200):
            wanted = Run.objects.filter(script=script, state=state).exclude(pk__in=self.parked)
            if wanted.exists():
                self.park(wanted.get())
                return
            self._one_thing()
        raise AssertionError(f"no run of {script} was ever {state}")

    def park(self, run: Run) -> None:
        self.parked.append(str(run.pk))

    def _one_thing(self) -> None:
        due = [run_id for run_id in wakes.due_runs(50) if str(run_id) not in self.parked]
        if due:
            services.advance(due[0])
            return
        messages = OutboxMessage.objects.filter(state="DUE", due_at__lte=clock.now())
        free = messages.exclude(origin__in=self.parked).order_by("created_at")
        outbox.deliver(free.values_list("pk", flat=True)[0])


def shown(person: Person, locator: str) -> str:
    """Follow a locator until the wallet shows the chat; return its id."""
    hook = str(uuid4())
    answer = person.send(BROKER, "Locate@Broker", {"Locator": locator, "Hook": hook})
    assert answer.status == 200, answer
    pump()
    [chat] = [str(body["Chat"]) for body in person.waiting("Open@Notifier") if body["Hook"] == hook]
    return chat


def open_chat(person: Person, chat: str) -> None:
    """Give the broker the chat's key; nobody has told the host."""
    person.chat_keys[chat] = PrivateKey.generate()
    body = {"Chat": chat, "PublicKey": person.chat_keys[chat].public.spki}
    assert person.send(BROKER, "Opened@Broker", body).status == 200


def onboarding_cut_short() -> str:
    """Let a stranger's wallet onboard, and the server die before the broker is asked.

    Returns the message, which the wallet will send again.
    """
    key = PrivateKey.generate()
    envelope = Envelope.build(
        sender="Anonymous",
        to=NOTIFIER,
        subject="Onboard@Notifier",
        body={"Language": "en-us", "PublicKey": key.public.spki},
        now=clock.now(),
    ).signed(key)
    points.follow(_cut)
    try:
        inbox.receive(envelope.to_bytes())
    except PowerCut:
        return envelope.to_bytes().decode()
    finally:
        points.follow(None)
    raise AssertionError("the power was never cut")


def _cut(point: str) -> None:
    if point == "ob_claimed":
        raise PowerCut
