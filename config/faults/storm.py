"""Layer C, the storm: real processes and stores, complete flows, and faults without a pause.

The web, the workers, the schedulers, the submitter and the wallets are processes of their own; the
PostgreSQL cluster and Redis are this run's own too. A fault strikes about every second, from
outside or at a named point inside, while messages are lost, repeated and delayed. Then the weather
ends, everything has four minutes to come to rest, and the oracle judges.
"""

from __future__ import annotations

import argparse
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections

from config.faults import hands, people, roles, scene
from config.faults.chances import chances_for
from config.faults.judge import Verdict, judge, resume_seconds
from config.faults.progress import Progress
from config.faults.report import plain, quantile, write
from config.faults.scratch import Cluster, Queue, staged
from config.faults.troop import Role, Troop
from config.faults.troubles import Troubles
from config.faults.weather import Weather
from messaging import points
from wallets.client import Wallet

REST_SECONDS = 240.0
CALM_FLOWS = 40
TICK = 0.05
WEB, WORKERS, CHILDREN = 2, 2, 3


@dataclass(frozen=True)
class Options:
    """How large a storm: flows, wallets with so many chats each, seconds between two faults from
    outside, and the seed of all chances."""

    flows: int = 300
    wallets: int = 16
    chats: int = 6
    every: float = 1.0
    seed: int = 1


@dataclass
class Report:
    """What happened and what was found."""

    seed: int = 0
    shape: str = ""
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    holds: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    stuck_looks: list[str] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)
    storm: list[float] = field(default_factory=list)
    rest_seconds: float = 0.0
    void: list[str] = field(default_factory=list)

    @property
    def faults_in_all(self) -> int:
        """Return how many processes were killed or stopped, and stores hit."""
        return self.faults.total() + self.kills.total()


class Storm:
    """One storm, on the database that the settings name (a scratch one, migrated)."""

    def __init__(
        self, folder: Path, options: Options, cluster: Cluster | None, queue: Queue | None
    ) -> None:
        self.folder = folder
        self.options = options
        self.embedded = connection.vendor == "sqlite"
        self.chance = random.Random(options.seed)  # noqa: S311 - repeatable
        self.weather = Weather(
            folder, chances_for(options.flows, one_process=self.embedded), options.seed
        )
        self.done: Any = RawValue("i", 0)
        self.limit: Any = RawValue("i", options.flows)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.folders = [folder / "wallets" / str(n) for n in range(options.wallets)]
        self.chats: list[str] = []
        self.report = Report(seed=options.seed, shape="embedded" if self.embedded else "server")
        self.troop = Troop({}, folder / "log", self.chance)
        self.troubles = Troubles(self.troop, self.weather, cluster, queue, self.chance)

    # -- the stage ------------------------------------------------------------------------------

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Onboard the wallets and open their chats, in this process, in fair weather."""
        (self.folder / "intents").mkdir()
        route = f"*.test=http://127.0.0.1:{self.listener.getsockname()[1]}"
        with (
            hands.bells() as rung,
            hands.local_wallets(),
        ):
            scene.build()
            for number, folder in enumerate(self.folders):
                progress(f"wallet {number + 1} of {len(self.folders)} comes in")
                wallet = Wallet.create(folder, notifier=scene.NOTIFIER, routes=[route])
                for _ in range(self.options.chats):
                    wallet.locate(scene.LOCATOR)
                hands.drain(rung, wallet)
                self.chats += [Path(name).stem for name in wallet.folder.names("chats")]
        self.chance.shuffle(self.chats)
        connections.close_all()
        hands.before_forks()

    def _roles(self) -> dict[str, Role]:
        """Return each process's name and what it does."""
        cast: dict[str, Role] = {}
        if self.embedded:
            cast["web"] = partial(roles.serve, self.listener, all_in_one=True)
        else:
            for number in range(WEB):
                cast[f"web{number}"] = partial(roles.serve, self.listener)
            for number in range(WORKERS):
                cast[f"worker{number}"] = partial(roles.work, f"w{number}", CHILDREN)
                cast[f"beat{number}"] = roles.beat
        for number in range(2):
            mine = self.folders[number::2]
            cast[f"people{number}"] = partial(people.live, self.weather, mine, lambda: False)
        cast["submitter"] = lambda: roles.Submitter(self.weather, self.chats, self.limit).run()
        cast["watcher"] = partial(roles.watch, self.weather, self.done)
        return cast

    # -- the storm ------------------------------------------------------------------------------

    def run(self, progress: Callable[[str], None]) -> Report:
        """Let it blow, let it rest, measure the calm, and judge."""
        began = time.monotonic()
        self.prepare(progress)
        self.weather.begin()
        self.troop.roles = self._roles()
        self.troop.due = dict.fromkeys(self.troop.roles, 0.0)
        previous = signal.signal(signal.SIGTERM, _interrupt)
        try:
            self._blow(progress)
            self._rest(progress)
            self._calm(progress)
            self._let_lapse(progress)
        finally:
            self.troop.end()
            self.listener.close()
            signal.signal(signal.SIGTERM, previous)
        self._judge()
        self.report.seconds = time.monotonic() - began
        return self.report

    def _blow(self, progress: Callable[[str], None]) -> None:
        self.weather.blowing.value = 1
        began = time.monotonic()
        strike = began + 2.0
        while self.done.value < self.options.flows:
            self.troop.tend()
            if time.monotonic() >= strike:
                self.troubles.strike()
                strike = time.monotonic() + self.options.every * self.chance.uniform(0.5, 1.5)
            progress(f"{self.troubles.struck} faults from outside")
            time.sleep(TICK)
        self.weather.blowing.value = 0

    def _rest(self, progress: Callable[[str], None]) -> None:
        """Wait until nothing is under way; what still is after four minutes is judged as it is."""
        began = time.monotonic()
        self._until(lambda: self._at_rest(), REST_SECONDS, progress, "coming to rest")
        self.report.rest_seconds = time.monotonic() - began

    def _calm(self, progress: Callable[[str], None]) -> None:
        """A few more flows, with nothing wrong: how long does a resume take then?"""
        self.limit.value += CALM_FLOWS
        self._until(
            lambda: self.done.value >= self.limit.value, REST_SECONDS, progress, "flows in calm"
        )

    def _let_lapse(self, progress: Callable[[str], None]) -> None:
        """Move the one clock past every deadline, so that every timer is seen to do its work."""
        self.weather.offset.value += 3600.0
        self._until(lambda: self._at_rest(), REST_SECONDS, progress, "deadlines pass")

    def _until(
        self,
        reached: Callable[[], bool],
        seconds: float,
        progress: Callable[[str], None],
        text: str,
    ) -> None:
        limit = time.monotonic() + seconds
        look = 0.0
        while time.monotonic() < limit:
            self.troop.tend()
            progress(text)
            if time.monotonic() >= look:
                if reached():
                    return
                look = time.monotonic() + 1.0
            time.sleep(TICK)

    def _at_rest(self) -> bool:
        """Nothing is due, and no run is live but those whose moment has not come."""
        try:
            return hands.at_rest()
        finally:
            connections.close_all()  # the next fork must not share it

    # -- the verdict ----------------------------------------------------------------------------

    def _judge(self) -> None:
        report = self.report
        report.verdict = judge(sorted(roles.acknowledged(self.folder)), self.folders)
        for words in roles.read_journal(self.folder):
            self._count(words)
        report.stuck_looks = report.stuck_looks[:20]
        calm_from = self.options.flows
        for number, seconds in resume_seconds().items():
            (report.calm if number > calm_from else report.storm).append(seconds)
        report.void = self._void()

    def _count(self, words: list[str]) -> None:
        report, kind, what = self.report, words[0], " ".join(words[1:])
        if kind == "fault":
            report.faults[what] += 1
        elif kind == "message":
            report.messages[what] += 1
        elif kind == "point":
            (report.kills if words[1] == "kill" else report.holds)[words[2]] += 1
        elif kind == "look":
            report.looks += 1
            if words[1] != "0":
                report.stuck_looks.append(what)

    def _void(self) -> list[str]:
        """Return what was hit too seldom for this storm to say anything about it."""
        flows = self.options.flows
        # A small storm hits less, and one below 300 flows claims nothing about what it hit.
        least_points, least_faults = (
            (10, 5) if flows >= 1000 else (2, 1) if flows >= 300 else (0, 0)
        )
        hits = self.report.kills + self.report.holds
        void = [
            f"point {name}: hit {hits[name]} times"
            for name in points.POINTS
            if hits[name] < least_points
        ]
        void += [
            f"fault {name}: {self.report.faults[name]} times"
            for name in self.troubles.kinds()
            if self.report.faults[name] < least_faults
        ]
        return void


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def sentence(report: Report) -> str:
    """Return what was found, in one sentence."""
    verdict = report.verdict
    return (
        f"{verdict.flows} flows, {report.faults_in_all} process and store faults and "
        f"{report.messages.total()} message faults: {len(verdict.lost)} lost, "
        f"{len(verdict.doubled)} doubled, {len(verdict.disagreements)} disagreements, "
        f"{len(verdict.stuck) + len(report.stuck_looks)} stuck; "
        f"slowest resume in calm {max(report.calm, default=0):.2f} s."
    )


def say(report: Report) -> int:
    """Print what the storm found; 0 when it is green."""
    print(sentence(report))
    print(
        f"  seed {report.seed}, {report.shape}, {report.seconds:.0f} s; "
        f"answer to resume in calm p50 {quantile(report.calm, 0.5):.2f} s, "
        f"p99 {quantile(report.calm, 0.99):.2f} s; in the storm p50 "
        f"{quantile(report.storm, 0.5):.2f} s, p99 {quantile(report.storm, 0.99):.2f} s; "
        f"at rest {report.rest_seconds:.0f} s after it; "
        f"{report.looks} looks for stuck runs; ends {dict(report.verdict.ends)}"
    )
    for line in [*report.verdict.violations, *report.stuck_looks][:30]:
        print(f"  {line}")
    for line in report.void:
        print(f"  VOID: {line}")
    red = report.verdict.violations or report.stuck_looks
    return 1 if red else 3 if report.void else 0


def main() -> int:
    """Let a storm blow on the stage, write its report, and say whether it is green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=300)
    parser.add_argument("--wallets", type=int, default=Options.wallets)
    parser.add_argument("--chats", type=int, default=Options.chats, help="of each wallet")
    parser.add_argument("--every", type=float, default=Options.every, help="seconds, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    options = Options(chosen.flows, chosen.wallets, chosen.chats, chosen.every, chosen.seed)
    call_command("migrate", interactive=False, verbosity=0)
    place = staged()
    storm = Storm(place.folder, options, place.cluster, place.queue)
    bar = Progress("storm")

    def progress(words: str) -> None:
        bar(storm.done.value, options.flows, words)

    report = storm.run(progress)
    bar.end()
    write(chosen.json, "storm", report, options=plain(options), sentence=sentence(report))
    return say(report)


if __name__ == "__main__":
    sys.exit(main())
