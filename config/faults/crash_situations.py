"""The situations of the crash sweep: who answers what, what the wire does, and when time moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from config.faults import scene
from config.faults.scene import Order
from messaging import clock
from messaging.errors import Unreachable
from messaging.models import OutboxMessage
from messaging.outbox import delivering
from messaging.registry import registry
from messaging.transport import Reply
from wallets.client import Wallet

Answer = dict[str, str] | None
Post = Callable[[str, bytes], Reply]
Wire = Callable[[Order, Post], Post]

AFTER_ALL = timedelta(minutes=16)  # the offer's ten minutes, and the issuer's patience
PAUSES = 12  # so many times a poisoned run is given time to try again


@dataclass(frozen=True)
class Situation:
    """One kind of flow. `waits` are the moments, after the offer, to which the clock is moved."""

    answers: Answer = None
    wire_as: Wire | None = None
    waits: tuple[timedelta, ...] = (AFTER_ALL,)
    tells: bool = False
    poison: bool = False
    kills: bool = False
    deaf: bool = False

    @property
    def once(self) -> bool:
        """Say whether it is played once, without a kill from outside."""
        return self.kills or self.deaf

    def answer(self, wallet: Wallet, prompt: dict[str, Any]) -> Answer:
        return self.answers

    def begin(self, order: Order) -> None:
        """Submit the order, as its caller does again and again until it is acknowledged."""
        scene.submit(order)
        if self.poison or self.kills:
            scene.submit_poison(order.number, kills=self.kills)

    def moments(self, order: Order) -> list[datetime]:
        offered = order.until - timedelta(minutes=10)
        return [offered + wait for wait in self.waits]

    @contextmanager
    def wire(self, order: Order) -> Iterator[None]:
        """Put the situation's wire between the domains, and who listens to their messages."""
        with ExitStack() as around:
            if self.wire_as is not None:
                wire = self.wire_as(order, delivering.carry)
                around.enter_context(mock.patch.object(delivering, "carry", wire))
            if self.deaf:
                raising = dict.fromkeys(registry.subjects, hears_nothing)
                for table in ("delivered", "undeliverable"):
                    around.enter_context(mock.patch.object(registry, table, raising))
            yield


def hears_nothing(message: OutboxMessage) -> None:
    """A listener that always raises."""
    raise LookupError(f"{message.subject}: nobody knows it")


def loses_answers(order: Order, post: Post) -> Post:
    """Every message arrives, and its sender does not learn it the first time."""
    seen: set[bytes] = set()

    def carry(recipient: str, raw: bytes) -> Reply:
        reply = post(recipient, raw)
        if raw not in seen:
            seen.add(raw)
            raise Unreachable("the answer was lost")
        return reply

    return carry


def cut_off(order: Order, post: Post) -> Post:
    """The broker's word does not get through before the issuer has decided alone."""
    decided = order.until + timedelta(minutes=5)

    def carry(recipient: str, raw: bytes) -> Reply:
        if b"Offered@Issuer" in raw and clock.now() <= decided:
            raise Unreachable("the link is cut")
        return post(recipient, raw)

    return carry


SITUATIONS = {
    "accept": Situation(answers={"Result": "YES"}, tells=True),
    "decline": Situation(answers={"Result": "NO"}),
    "expire": Situation(),
    "unsure": Situation(
        answers={"Result": "YES"},
        wire_as=loses_answers,
        waits=(timedelta(seconds=31), timedelta(seconds=62), timedelta(minutes=2), AFTER_ALL),
    ),
    "late": Situation(answers={"Result": "YES"}, wire_as=cut_off, waits=(AFTER_ALL, AFTER_ALL * 2)),
    "deaf": Situation(answers={"Result": "YES"}, tells=True, deaf=True),
    "killer": Situation(answers={"Result": "YES"}, kills=True),
    "poison": Situation(
        answers={"Result": "NO"},
        poison=True,
        waits=(*(timedelta(minutes=n) for n in range(1, PAUSES)), AFTER_ALL),
    ),
}
