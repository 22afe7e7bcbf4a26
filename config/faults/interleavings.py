"""Layer B, interleavings: of every two operations, one is held at each point that it passes.

A *situation* prepares rows through the real code and names the operations that may meet there. For
every ordered pair (an operation may meet itself), the first is run in one thread until it passes a
point, and held there; the second is run in another thread until it ends or is seen to wait for a
lock; then the first goes on. What is due afterwards is done, and the end is judged.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from django.core.management import call_command
from django.db import connection, connections

from config.faults import flow_situations, hands, situations
from config.faults.cases import Case, World
from config.faults.judge import Verdict, judge_liveness
from config.faults.progress import Progress
from config.faults.report import write
from config.faults.scratch import staged
from messaging import clock, points
from scripts import wakes
from scripts.advance import advance_once
from scripts.errors import StaleRun
from scripts.models import Run
from scripts.states import LIVE

HELD_SECONDS = 10.0
LOOK_SECONDS = 0.003
LOOKS_BUSY = 0.25  # it waits for the first one in another way: a sync message for its answer
SQLITE_WAIT = 0.04  # no view of locks there: who is not done by now waits for the file
AFTER = timedelta(hours=2)
SITUATIONS = {**situations.SITUATIONS, **flow_situations.SITUATIONS}
AGAIN = "python -m config.faults.launch interleavings --shape {shape} --only '{schedule}'"


@dataclass
class Report:
    """What was tried and found."""

    schedules: int = 0
    flows: int = 0
    met_a_lock: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    unhit: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Hold:
    """Holds one thread at one passage of one point; counts what it passes."""

    point: str = ""
    passage: int = 0
    thread: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, name: str) -> None:
        if threading.get_ident() != self.thread:
            return
        self.passed[name] += 1
        if name == self.point and self.passed[name] == self.passage:
            self.reached.set()
            if not self.released.wait(HELD_SECONDS):
                raise TimeoutError(f"held at {name} for too long")


class Shift(threading.local):
    """How far a thread's clock is off the common one."""

    seconds = 0.0


class Interleaver:
    """Two threads with a connection each, and the common clock."""

    def __init__(self, folder: Path, rung: hands.Bells, most: int) -> None:
        self.most = most
        self.report = Report()
        self.rung = rung
        self.first = ThreadPoolExecutor(1, "first")
        self.second = ThreadPoolExecutor(1, "second")
        self.base = 0.0
        self.shift = Shift()
        clock.share(lambda: self.base + self.shift.seconds)
        self.thrown_away = 0
        self.world = World(folder, rung)
        self.second_backend = self.second.submit(_backend).result()

    # -- one schedule ---------------------------------------------------------------------------

    def operations_of(self, situation: str) -> list[str]:
        """Return the names of the operations that may meet in a situation."""
        case = self._prepare(situation)
        self._finish(f"{situation} alone", case, {})
        return list(case.operations)

    def passages(self, situation: str, name: str) -> list[tuple[str, int]]:
        """Run one operation alone; return what it passes, each point so often at most."""
        hold = Hold()
        case = self._prepare(situation)
        self.first.submit(self._operate, case, name, hold).result()
        self._finish(f"{situation}/{name} alone", case, {name: None})
        return [
            (point, number)
            for point, times in hold.passed.items()
            for number in range(1, min(times, self.most) + 1)
        ]

    def play(self, situation: str, one: str, point: str, passage: int, other: str) -> None:
        """Hold `one` at a passage, run `other`, let both end, and judge."""
        name = f"{situation}/{one}@{point}#{passage}/{other}"
        self.report.schedules += 1
        self.report.flows += situation in flow_situations.SITUATIONS
        self.report.hits[point] += 1
        case = self._prepare(situation)
        hold = Hold(point, passage)
        ahead = self.first.submit(self._operate, case, one, hold)
        while not hold.reached.wait(0.001) and not ahead.done():
            pass
        behind = self.second.submit(self._operate, case, other, None)
        if self._meets_lock(behind):
            self.report.met_a_lock += 1
        hold.released.set()
        faults = {one: _fault(ahead), other: _fault(behind)}
        meanwhile = case.meanwhile(one, point, other)
        if self.thrown_away:
            meanwhile.append("two workers were in one run: only the second net has held")
            self.thrown_away = 0
        self._finish(name, case, faults, meanwhile)

    def _prepare(self, situation: str) -> Case:
        points.follow(None)
        return SITUATIONS[situation](self.world, self.rung)

    def _operate(self, case: Case, name: str, hold: Hold | None) -> None:
        """Run one operation in the calling thread, by that operation's own clock."""
        operation = case.operations[name]
        if hold is not None:
            hold.thread = threading.get_ident()
            points.follow(hold)
        self.shift.seconds = operation.clock_seconds
        try:
            case.told.append((name, operation.run()))
        finally:
            self.shift.seconds = 0.0

    def advance_once(self, run_id: UUID, claim: wakes.Claim) -> bool:
        """Do what the engine's does, and note when a whole segment had to be thrown away."""
        try:
            return advance_once(run_id, claim)
        except (StaleRun, RuntimeError):
            self.thrown_away += 1
            raise

    def _meets_lock(self, behind: Future[None]) -> bool:
        """Wait until the second thread ends, or is seen to wait for a lock."""
        began = time.monotonic()
        while not behind.done():
            if connection.vendor == "sqlite":
                if time.monotonic() - began > SQLITE_WAIT:
                    return True
            elif _is_blocked(self.second_backend):
                return True
            elif time.monotonic() - began > LOOKS_BUSY:
                return False
            time.sleep(LOOK_SECONDS)
        return False

    # -- the verdict ----------------------------------------------------------------------------

    def _finish(
        self,
        name: str,
        case: Case,
        faults: dict[str, BaseException | None],
        meanwhile: Sequence[str] = (),
    ) -> None:
        """Do what is due, let every deadline pass, and judge the end."""
        points.follow(None)
        wrong = [f"{who} raised {fault!r}" for who, fault in faults.items() if fault is not None]
        wrong += [*meanwhile, *_stuck()]
        try:
            hands.drain(self.rung)
            for _ in range(2):
                self.base += AFTER.total_seconds()
                hands.drain(self.rung)
        except hands.NeverEnds:
            wrong.append("there is always more to do")
        wrong += _stuck() + _unended() + case.judge(case.told)
        self.report.violations += [f"{name}: {line}" for line in dict.fromkeys(wrong)]
        if wrong:
            self.world.start_afresh()

    def close(self) -> None:
        for thread in (self.first, self.second):
            thread.submit(connections.close_all).result()
            thread.shutdown()
        points.follow(None)
        clock.reset()


def _backend() -> int:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _is_blocked(backend: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [backend])
        return bool(cursor.fetchone()[0])


def _fault(work: Future[None]) -> BaseException | None:
    try:
        return work.exception(timeout=HELD_SECONDS * 3)
    except TimeoutError:
        return TimeoutError("it never ended")


def _stuck() -> list[str]:
    verdict = Verdict()
    judge_liveness(verdict)
    return verdict.stuck


def _unended() -> list[str]:
    """Everything has an end by now; a run that has none was lost."""
    live = Run.objects.filter(state__in=LIVE)
    found = [f"{run.script} {run.trigger} is still {run.state}" for run in live]
    live.update(state="CANCELLED")  # said once, not again after every schedule that follows
    return found


# -- which schedules ------------------------------------------------------------------------------


def schedules(player: Interleaver, only: str) -> Iterator[Callable[[], None]]:
    """Yield every schedule, or those whose name begins with `only`."""
    for situation in SITUATIONS:
        if only and not only.startswith(situation) and not situation.startswith(only):
            continue
        names = player.operations_of(situation)
        for one in names:
            for point, passage in player.passages(situation, one):
                for other in names:
                    name = f"{situation}/{one}@{point}#{passage}/{other}"
                    if name.startswith(only):
                        yield partial(player.play, situation, one, point, passage, other)


def run(folder: Path, *, only: str = "", most: int = 3, fail_fast: bool = False) -> Report:
    """Play all schedules on the database that the settings name (a scratch one, migrated)."""
    began = time.monotonic()
    bar = Progress("interleavings")
    with hands.bells() as rung, hands.local_wallets():
        player = Interleaver(folder, rung, most)
        try:
            for play in schedules(player, only):
                with mock.patch("scripts.services.advance_once", player.advance_once):
                    play()
                report = player.report
                bar(report.schedules, report.schedules, f"{len(report.violations)} violations")
                if fail_fast and report.violations:
                    break
        finally:
            bar.end()
            player.close()
    player.report.seconds = time.monotonic() - began
    return player.report


def main() -> int:
    """Play on the stage, write the report, and say whether it is green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the beginning of a schedule's name")
    parser.add_argument("--most", type=int, default=3, help="passages of each point")
    parser.add_argument("--fail-fast", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    call_command("migrate", interactive=False, verbosity=0)
    place = staged()
    report = run(place.folder, only=options.only, most=options.most, fail_fast=options.fail_fast)
    write(options.json, "interleavings", report, shape=place.shape)
    print(
        f"interleavings ({connection.vendor}): {report.schedules} schedules, {report.met_a_lock} "
        f"met a lock, {len(report.hits)} points, {len(report.violations)} violations, "
        f"{report.seconds:.0f} s"
    )
    for line in report.violations[:20]:
        again: Any = AGAIN.format(shape=place.shape, schedule=line.partition(":")[0])
        print(f"  {line}\n    again: {again}")
    return 1 if report.violations or not report.schedules else 0


if __name__ == "__main__":
    sys.exit(main())
