"""Layer A, the crash sweep: SIGKILL at every passage of every named point, then at the recovery's.

Each schedule is one complete flow of two domains and a wallet, in a process forked for it. That
process kills itself at the place the schedule names; another one takes over what it left, may be
killed too, and a last one brings everything to rest. Then the oracle judges.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import Value
from pathlib import Path

from django.core.management import call_command
from django.db import connections
from django.db.models import Q

from config.faults import hands, poison, scene
from config.faults.crash_situations import SITUATIONS, Situation
from config.faults.judge import Verdict, judge, judge_liveness
from config.faults.plan import KillAt
from config.faults.progress import Progress
from config.faults.report import write
from config.faults.scene import Order
from config.faults.scratch import staged
from messaging import clock, points
from messaging.outbox.claims import LEASE as MESSAGE_LEASE
from scripts.models import Run
from scripts.states import RunState
from scripts.wakes import LEASE as RUN_LEASE
from wallets.client import Wallet

# What a dead process had claimed is taken over after this.
LEASES = (max(MESSAGE_LEASE, RUN_LEASE) + timedelta(seconds=1)).total_seconds()
HUNG_SECONDS = 60
MOST_KILLED = 12  # by a script that kills its workers, before somebody should have noticed
JUDGED_EACH = 100
AGAIN = "python -m config.faults.launch crashes"


@dataclass(frozen=True)
class Schedule:
    """One flow and where its processes die: `accept/adv_locked#3+claim_after_commit#1`."""

    situation: str
    kills: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return self.situation + "/" + "+".join(f"{point}#{n}" for point, n in self.kills)

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read what str() wrote. Raises ValueError."""
        situation, _, kills = text.partition("/")
        if situation not in SITUATIONS:
            raise ValueError(f"no situation {situation!r}: there are {', '.join(SITUATIONS)}")
        parsed = [each.partition("#") for each in kills.split("+") if each]
        return cls(situation, tuple((point, int(number or 1)) for point, _, number in parsed))


@dataclass
class Report:
    """What the sweep did and found; `violations` begin with the schedule that shows them."""

    flows: int = 0
    kills: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    unhit: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Sweep:
    """Plays schedules one after the other on one scratch database, with one wallet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offset = Value("d", 0.0)
        self.number = 0
        self.names: dict[int, str] = {}
        self.report = Report()
        self.chat = ""

    # -- the stage ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Onboard a wallet and open the chat of all flows."""
        with hands.bells() as rung:
            scene.build()
            with hands.local_wallets():
                wallet = Wallet.create(self.folder / "wallet", notifier=scene.NOTIFIER)
                wallet.locate(scene.LOCATOR)
                hands.drain(rung, wallet)
            [name] = wallet.folder.names("chats")
            self.chat = Path(name).stem
        connections.close_all()
        self.play(Schedule("accept", ()))  # the first flow also fetches keys: not like the others

    # -- one schedule ---------------------------------------------------------------------------

    def play(self, schedule: Schedule) -> None:
        """Play one flow with its kills, and say at once what went wrong."""
        self.number += 1
        self.names[self.number] = str(schedule)
        self.report.flows += 1
        order = self._order(self.number, SITUATIONS[schedule.situation])
        for kill in schedule.kills:
            if not self._survived(schedule, order, KillAt(*kill)):
                self.report.kills += 1
                self.report.hits[kill[0]] += 1
                self.offset.value += LEASES
            elif len(schedule.kills) == 1:
                self.report.violations.append(f"{schedule}: the point was not passed")
        by_script = 0
        for _ in range(MOST_KILLED):
            if self._survived(schedule, order, KillAt()):
                break
            self.report.kills += 1
            self.offset.value += LEASES
            by_script += 1
        else:
            self.report.violations.append(f"{schedule}: a script kills its workers for ever (I6)")
        if SITUATIONS[schedule.situation].kills and not by_script:
            self.report.violations.append(f"{schedule}: its script has killed nobody")

    def _order(self, number: int, situation: Situation) -> Order:
        now = datetime.now(UTC) + timedelta(seconds=self.offset.value)
        return Order(number, self.chat, now + timedelta(minutes=10), tell=situation.tells)

    def _survived(self, schedule: Schedule, order: Order, plan: KillAt) -> bool:
        """Let a process of its own work on the flow; False when it was killed as it should be."""
        status = self._forked(lambda: self._work(SITUATIONS[schedule.situation], order, plan))
        may_die = plan.point or SITUATIONS[schedule.situation].kills
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and may_die:
            return False
        if status:
            said = (self.folder / "said").read_text() if os.WIFEXITED(status) else f"hung: {status}"
            self.report.violations.append(f"{schedule}: {said}")
        return True

    def _forked(self, work: Callable[[], None]) -> int:
        """Run `work` in a forked process and return its wait status."""
        pid = os.fork()
        if pid:
            return os.waitpid(pid, 0)[1]
        signal.alarm(HUNG_SECONDS)
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
            (self.folder / "said").write_text(traceback.format_exc(limit=-4))
            os._exit(1)
        os._exit(0)

    def _work(self, situation: Situation, order: Order, plan: KillAt) -> None:
        """Bring the flow as far as it goes, from wherever an earlier process left it."""
        clock.move(self.offset.value)
        stuck = Verdict()
        judge_liveness(stuck)
        if stuck.violations:
            raise AssertionError("; ".join(stuck.violations))
        with hands.bells() as rung, hands.local_wallets(), situation.wire(order):
            wallet = Wallet(self.folder / "wallet", answer=situation.answer)
            points.follow(plan)
            situation.begin(order)
            hands.drain(rung, wallet)
            for moment in situation.moments(order):
                self._move_to(moment)
                hands.drain(rung, wallet)
            points.follow(None)
        (self.folder / "passed").write_text(json.dumps(plan.passed))
        _demand_end(order)

    def _move_to(self, moment: datetime) -> None:
        ahead = (moment - clock.now()).total_seconds()
        if ahead > 0:
            clock.move(ahead)
            self.offset.value += ahead

    # -- which schedules ------------------------------------------------------------------------

    def passages(self, situation: str) -> dict[str, int]:
        """Play a situation without a kill; return how often it passes each point."""
        self.play(Schedule(situation, ()))
        return dict(json.loads((self.folder / "passed").read_text()))

    def singles(self, situation: str, most: int) -> Iterator[Schedule]:
        """Every passage of every point, at most `most` a point, spread over the flow."""
        for point, times in self.passages(situation).items():
            for number in spread(times, most):
                yield Schedule(situation, ((point, number),))

    def doubles(self, situation: str) -> Iterator[Schedule]:
        """Every point in the middle of the flow, and then every point of the recovery."""
        passed = self.passages(situation)
        for first, times in passed.items():
            for second in passed:
                yield Schedule(situation, ((first, (times + 1) // 2), (second, 1)))

    # -- the verdict ----------------------------------------------------------------------------

    def judge(self) -> None:
        """Judge all flows so far in a process of its own, so that forks share no connection."""
        status = self._forked(self._judge)
        found = (self.folder / ("verdict" if status == 0 else "said")).read_text()
        if status:
            self.report.violations.append(found)
            return
        verdict = json.loads(found)
        self.report.ends = Counter(verdict["ends"])
        known = set(self.report.violations)
        self.report.violations += [line for line in verdict["lines"] if line not in known]

    def _judge(self) -> None:
        clock.move(self.offset.value)
        verdict = judge(self.names, [self.folder / "wallet"])
        lines = [self._with_schedule(line) for line in verdict.violations]
        said = {"ends": verdict.ends, "lines": lines}
        (self.folder / "verdict").write_text(json.dumps(said))

    def _with_schedule(self, line: str) -> str:
        first, _, rest = line.partition(":")
        number = first.removeprefix("order ")
        return f"{self.names[int(number)]}:{rest}" if number.isdigit() else line


def _demand_end(order: Order) -> None:
    """Raise AssertionError when everything is at rest, and the order's script is not at its end."""
    started = Q(trigger=order.trigger) | Q(trigger__startswith=f"{order.trigger} ")
    states = Run.objects.filter(started, script="Order").values_list("state", flat=True)
    if [*states] != [RunState.DONE]:
        raise AssertionError(f"at rest, and the runs of the order are {[*states]}")


def spread(times: int, most: int) -> list[int]:
    """Return at most `most` of 1..times, the first and the last among them."""
    if times <= most or most < 2:
        return list(range(1, times + 1))[:most]
    return sorted({1 + round(n * (times - 1) / (most - 1)) for n in range(most)})


@dataclass(frozen=True)
class Options:
    """How much to play: passages a point, whether also pairs of kills (a fraction of them), which
    share of it (`1/2`: the second half of two), and whether to stop at the first violation."""

    most: int = 1000
    doubles: float = 0.0
    shard: tuple[int, int] = (0, 1)
    fail_fast: bool = False
    seed: int = 1
    only: str = ""


def run(folder: Path, options: Options, progress: Callable[[int, int], None]) -> Report:
    """Play the sweep on the database that the settings name (a scratch one, migrated)."""
    sweep = Sweep(folder)
    sweep.prepare()
    schedules = list(_chosen(sweep, options))
    for done, schedule in enumerate(schedules):
        sweep.play(schedule)
        progress(done + 1, len(schedules))
        each = JUDGED_EACH // 4 if options.fail_fast else JUDGED_EACH
        if done % each == each - 1:
            sweep.judge()
        if options.fail_fast and sweep.report.violations:
            return sweep.report
    sweep.judge()
    if not options.only:
        sweep.report.unhit = sorted(set(points.POINTS) - set(sweep.report.hits))
    return sweep.report


def _chosen(sweep: Sweep, options: Options) -> Iterator[Schedule]:
    if options.only:
        yield Schedule.parse(options.only)
        return
    chance = random.Random(options.seed)  # noqa: S311 - a repeatable choice
    index, count = options.shard
    number = 0
    for situation in SITUATIONS:
        if SITUATIONS[situation].once:
            yield Schedule(situation, ())
            continue
        each = [*sweep.singles(situation, options.most)]
        if options.doubles:
            each += [s for s in sweep.doubles(situation) if chance.random() < options.doubles]
        for schedule in each:
            number += 1
            if number % count == index:
                yield schedule


def main() -> int:
    """Play the sweep on the stage, write its report, and say whether it is green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="passages of each point")
    parser.add_argument("--doubles", type=float, default=0.0, help="share of the pairs of kills")
    parser.add_argument("--shard", default="0/1", help="which share of it, such as 1/2")
    parser.add_argument("--fail-fast", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one schedule, as a violation names it")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    index, _, count = chosen.shard.partition("/")
    options = Options(
        most=chosen.most,
        doubles=chosen.doubles,
        shard=(int(index), int(count)),
        fail_fast=chosen.fail_fast,
        seed=chosen.seed,
        only=chosen.only,
    )
    call_command("migrate", interactive=False, verbosity=0)
    poison.learn()
    hands.before_forks()
    bar = Progress("crash sweep")
    began = time.monotonic()
    report = run(staged().folder, options, bar)
    bar.end()
    report.seconds = time.monotonic() - began
    write(chosen.json, "crashes", report, doubles=options.doubles, seed=options.seed)
    return say(report, partial=bool(chosen.only) or options.shard[1] > 1 or options.fail_fast)


def say(report: Report, *, partial: bool) -> int:
    """Print what the sweep found; 0 when it is green."""
    print(
        f"crash sweep: {report.flows} flows, {report.kills} kills at {len(report.hits)} points, "
        f"{len(report.violations)} violations, {report.seconds:.0f} s"
    )
    for line in report.violations[:20]:
        schedule = line.partition(":")[0]
        print(f"  {line}\n    again: {AGAIN} --only '{schedule}'")
    if report.unhit and not partial:
        print(f"  VOID: never hit: {', '.join(report.unhit)}")
    return 1 if report.violations or (report.unhit and not partial) else 0


if __name__ == "__main__":
    sys.exit(main())
