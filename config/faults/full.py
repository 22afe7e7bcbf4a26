"""`make faults`: every layer of the fault plan, on stores of its own, in one report.

The directed layers (crash sweep, interleavings, model, planted bugs) and the embedded storm share
the machine; the server's storm has it for itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from config.faults.mutants import MUTANTS
from config.faults.report import BASE_DIR, write
from config.faults.scratch import has_servers

JOBS = 3  # one more than the cores: some wait for leases most of the time
LAUNCH = ("-W", "ignore", "-m", "config.faults.launch")
# The situations of the interleavings, each a job of its own: all that there are, as a test says.
ONE_RUN = ("fresh", "parked", "answered", "edge", "due", "worn", "call", "seats")
MEETINGS = (*ONE_RUN, "message", "asked", "saved")
MODEL = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/scripts/model")


@dataclass(frozen=True)
class Job:
    """One process of the plan; `reports` says that it writes a report to --json."""

    name: str
    arguments: tuple[str, ...]
    reports: bool = True


@dataclass
class Done:
    """How a job ended: 0 green, 1 red, 3 hit something too seldom, else broken."""

    name: str
    status: int
    seconds: float
    said: str
    report: dict[str, Any] = field(default_factory=dict)


def directed(most: int, doubles: float, mutants: bool) -> list[Job]:
    """Return the jobs of the layers that kill and hold at named places."""
    server = has_servers()
    sweep = (*LAUNCH, "crashes", "--most", str(most), "--doubles", str(doubles))
    jobs = [Job(f"crash sweep {n + 1}/2", (*sweep, "--shard", f"{n}/2")) for n in range(2)]
    meet = (*LAUNCH, "interleavings", "--shape", "server" if server else "embedded")
    jobs += [
        Job(f"interleavings {name}", (*meet, "--most", "1", "--only", f"{name}/"))
        for name in MEETINGS
    ]
    if mutants:
        hunt = ("-m", "config.faults.mutants", "--jobs", "1")
        # Those that only show where workers really run side by side need PostgreSQL.
        seen = [each for each in MUTANTS if server or "server" not in each.layer]
        jobs += [Job(f"planted {each.name}", (*hunt, each.name)) for each in seen]
    return jobs


def server_storm(flows: int, seed: int) -> Job:
    """Return the storm of all processes and stores."""
    size = ("--flows", str(flows), "--wallets", "24", "--chats", "8", "--every", "1.25")
    storm = (*LAUNCH, "storm", "--seed", str(seed), "--shape", "server")
    return Job("storm, server", (*storm, *size))


def embedded_storm(flows: int, seed: int) -> Job:
    """Return the storm of SQLite and one process, which waits for leases most of its time."""
    flows = min(flows // 3, 300)
    size = ("--flows", str(flows), "--wallets", "8", "--chats", "20", "--every", "2")
    storm = (*LAUNCH, "storm", "--seed", str(seed), "--shape", "embedded")
    return Job("storm, embedded", (*storm, *size))


def play(job: Job, folder: Path) -> Done:
    """Run one job to its end, and say in a line how it went."""
    began = time.monotonic()
    path = folder / f"{job.name.replace('/', '-')}.json"
    command = [sys.executable, *job.arguments, *(("--json", str(path)) if job.reports else ())]
    ended = subprocess.run(  # noqa: S603 - our own layers
        command, cwd=BASE_DIR, capture_output=True, text=True, check=False
    )
    said = ended.stdout.strip() or ended.stderr.strip()[-2000:]
    done = Done(job.name, ended.returncode, time.monotonic() - began, said)
    if path.exists():
        done.report = json.loads(path.read_text(encoding="utf-8"))
    words = {0: "green", 1: "RED", 3: "VOID"}.get(done.status, "BROKEN")
    print(f"{words:<7}{done.seconds:4.0f} s  {job.name}: {said.splitlines()[0]}", flush=True)
    if done.status:
        print("\n".join(f"        {line}" for line in said.splitlines()[1:30]), flush=True)
    return done


def total(done: Sequence[Done], name: str) -> int:
    """Return the sum of a figure over the crash sweeps and storms."""
    figure = 0
    for each in done:
        storm = each.report.get("layer") == "storm"
        if name == "flows":
            figure += each.report["verdict"]["flows"] if storm else each.report.get("flows", 0)
        elif name == "faults":
            counted = each.report["faults"] | each.report["kills"] if storm else {}
            figure += sum(counted.values()) + (0 if storm else each.report.get("kills", 0))
    return figure


def void_points(done: Sequence[Done]) -> list[str]:
    """Return points that no half of the crash sweep has killed at."""
    sweeps = [set(each.report["unhit"]) for each in done if each.report.get("layer") == "crashes"]
    return sorted(set.intersection(*sweeps)) if sweeps else []


def main() -> int:
    """Play the whole plan; 0 when every layer is green and none is VOID."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=1700, help="of the server's storm")
    parser.add_argument("--most", type=int, default=3, help="passages of each point that are hit")
    parser.add_argument("--doubles", type=float, default=0.05, help="share of the pairs of kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("--only", choices=("directed", "storm"))
    parser.add_argument("--json", type=Path, default=BASE_DIR / "var" / "faults.json")
    options = parser.parse_args()
    began = time.monotonic()
    done: list[Done] = []
    with tempfile.TemporaryDirectory(prefix="countersign-plan-") as name:
        run = partial(play, folder=Path(name))
        if options.only != "storm":
            jobs = directed(options.most, options.doubles, not options.no_mutants)
            model = Job("model", MODEL, reports=False)
            small = embedded_storm(options.flows, options.seed)
            models = [model] if (BASE_DIR / "tests").exists() else []
            with ThreadPoolExecutor(JOBS) as pool:
                done += pool.map(run, [small, *jobs, *models])
        if options.only != "directed" and has_servers():
            done.append(run(server_storm(options.flows, options.seed)))
    return conclude(done, time.monotonic() - began, options.json)


def conclude(done: Sequence[Done], seconds: float, path: Path) -> int:
    """Print the sum, write the report, and return the exit status of the plan."""
    void = [each.name for each in done if each.status == 3] + void_points(done)
    red = [each.name for each in done if each.status not in (0, 3)]
    hunted = [each for each in done if each.name.startswith("planted")]
    sentence = (
        f"{total(done, 'flows')} flows of two domains, {total(done, 'faults')} process and store "
        f"faults, {sum(each.status == 0 for each in hunted)} of {len(hunted)} planted bugs found, "
        f"{seconds:.0f} s: {'all green' if not red else 'RED: ' + ', '.join(red)}"
        f"{'; VOID: ' + ', '.join(void) if void else ''}"
    )
    print(sentence)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, "plan", {"sentence": sentence, "seconds": seconds, "jobs": list(done)})
    print(f"report: {path}")
    return 1 if red else 3 if void else 0


if __name__ == "__main__":
    sys.exit(main())
