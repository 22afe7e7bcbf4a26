"""What is played between the two deployments, and what must hold at its end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tests.apart.cast import MIX
from tests.apart.stage import Stage

Say = Callable[[str], None]
EACH_END = [["theatre.test"], ["gym.test"], ["library.test"]]


def three_ends(stage: Stage, say: Say) -> None:
    """Accepted, declined, left to lapse: each with a wallet of its own."""
    people = stage.send("three", EACH_END)
    report = stage.collect("three", people, seconds=90)
    say(f"three flows over https in {report['Seconds']:.1f} s: {report['Problems'] or 'ended'}")


def issuer_down(stage: Stage, say: Say) -> None:
    """The issuer dies while people are being asked; they answer; ten minutes pass; it is back."""
    flows = [["theatre.test"], ["theatre.test"], ["gym.test"], ["library.test"]]
    stage.gate(shut=True)
    people = stage.send("down", flows)
    stage.asked("down", len(flows))
    stage.issuer.stop("server")
    stage.gate(shut=False)
    for _ in range(20):
        time.sleep(0.25)
        stage.clock.move(30)
    stage.issuer.start()
    report = stage.collect("down", people, seconds=120)
    say(
        f"the issuer was down for {stage.clock.seconds:.0f} s of moved clock; "
        f"{len(flows)} people had answered meanwhile: {report['Problems'] or 'all ended'}"
    )


def cuts(stage: Stage, number: int, seconds: float, say: Say) -> None:
    """Cut the link in the `number`-th way for so long."""
    if not stage.meadow.isolated:
        side = stage.sides[number % 2]
        side.stop("nginx", "weather")
        time.sleep(seconds)
        side.start_weather(stage.seed + 10 + number)
        side.start_nginx(stage.certificates, bind=True)
        say(f"{side.role} was out of reach for {seconds:.0f} s")
        return
    ways: list[tuple[str, Callable[[], None], Callable[[], None]]] = [
        (
            "issuer and broker could not reach each other",
            lambda: stage.meadow.part("issuer", "broker"),
            lambda: stage.meadow.unite("issuer", "broker"),
        ),
        (
            "the issuer was cut off",
            lambda: stage.meadow.cut("issuer"),
            lambda: stage.meadow.mend("issuer"),
        ),
        (
            "the broker was cut off",
            lambda: stage.meadow.cut("broker"),
            lambda: stage.meadow.mend("broker"),
        ),
    ]
    text, cut, mend = ways[number % len(ways)]
    cut()
    time.sleep(seconds)
    mend()
    say(f"{text} for {seconds:.0f} s")


def mixed(
    stage: Stage, say: Say, *, flows: int, wallets: int, times: int, seconds: float
) -> dict[str, Any]:
    """Play `flows` mixed flows by `wallets` people, and cut the link so many times meanwhile."""
    chance = random.Random(stage.seed)
    plan: list[list[str]] = [[] for _ in range(wallets)]
    for number in range(flows):
        plan[number % wallets].append(MIX[number % len(MIX)])
    for visits in plan:
        chance.shuffle(visits)
    people = stage.send("mixed", plan, linger=6)
    estimate = max(flows / wallets * 3.0, 6.0)
    for number in range(times):
        time.sleep(estimate / (times + 1))
        if people.poll() is not None:
            raise RuntimeError(f"the flows were over before cut {number + 1}")
        cuts(stage, number, seconds, say)
    report = stage.collect("mixed", people, seconds=flows * 10 + 300)
    lengths = report["Lengths"]
    say(
        f"{flows} flows by {wallets} wallets in {report['Seconds']:.0f} s "
        f"(p50 {lengths[len(lengths) // 2]:.1f} s, longest {lengths[-1]:.1f} s), "
        f"{report['Troubles']} times a wallet reached nobody"
    )
    return report
