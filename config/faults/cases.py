"""What situations are made of: a world, cases of it, and the operations that meet there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from config.faults import hands, poison, scene
from config.faults.scene import ISSUER, Order
from messaging import clock
from scripts import services
from scripts.models import Run, RunEvent
from wallets.client import Wallet

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
        return self.start(source, f"case:{self.number}", inputs)

    def start(self, source: str, trigger: str, inputs: dict[str, Any]) -> Run:
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


def judge_run(run: Run) -> list[str]:
    events = RunEvent.objects.filter(run=run).count()
    return [] if events == run.rev else [f"revision {run.rev}, and {events} in the log"]
