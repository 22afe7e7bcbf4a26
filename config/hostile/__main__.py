"""`python -m config.hostile` (make hostile): honest wallets complete flows while one kind of attack
after the other goes on, from another address and from their own.

Prints a line for each, and ends with status 1 when a flow took over two seconds longer than in
calm, when one did not end, or when memory, threads or connections to the database went beyond
their bounds.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from config.faults.scratch import has_servers
from config.hostile.attack import KINDS
from config.hostile.stage import Stage, Watcher, staged
from wallets.client import WalletError

SOURCES = {"other": "127.0.0.2", "same": "127.0.0.1"}
LONGER_SECONDS = 2.0
MORE_MEGABYTES = 150.0
MOST_THREADS = 100
MOST_CONNECTIONS = 40
CALM_ROUNDS = 3
END_SECONDS = 10.0


def main() -> int:
    """Attack each shape with each kind from each address; return 1 when a bound did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=("embedded", "server", "both"), default="both")
    parser.add_argument("--kinds", nargs="*", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--sources", nargs="*", choices=sorted(SOURCES), default=list(SOURCES))
    parser.add_argument("--count", type=int, default=500, help="connections or messages of a kind")
    options = parser.parse_args()
    # Whoever ends this ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shapes = ["embedded", "server"] if options.shape == "both" else [options.shape]
    if "server" in shapes and not has_servers():
        sys.stderr.write("hostile: PostgreSQL or Redis is not installed here: SQLite only\n")
        shapes = ["embedded"]
    bad = 0
    for shape in shapes:
        with staged(shape) as stage:
            bad += attacked(stage, shape, options.kinds, options.sources, options.count)
    print(f"bounds that did not hold: {bad}")
    return int(bad > 0)


def attacked(
    stage: Stage, shape: str, kinds: Sequence[str], sources: Sequence[str], count: int
) -> int:
    """Attack one server; return how many bounds did not hold."""
    stage.flows()  # what is done once is done
    with Watcher(stage) as watcher:
        calm = max(seconds for _ in range(CALM_ROUNDS) for seconds in stage.flows())
    print(
        f"{shape}: in calm {calm:.2f} s at most, {watcher.megabytes:.0f} MB, "
        f"{watcher.threads} threads, {watcher.connections} connections"
    )
    heads = f"{'attack':18} {'from':6} {'calm':>6} {'flow':>7} {'MB':>5}"
    print(f"{heads} {'threads':>7} {'db':>4}  answers")
    bad, base = 0, watcher.megabytes
    for kind in kinds:
        for name in sources:
            # The machine may have other work by now.
            now_calm = max(calm, *stage.flows())
            line, faults = one(stage, kind, name, count, now_calm, base)
            bad += len(faults)
            print(line + "".join(f"  BAD: {fault}" for fault in faults), flush=True)
    return bad


def one(
    stage: Stage, kind: str, source: str, count: int, calm: float, base: float
) -> tuple[str, list[str]]:
    """Play under one attack; return its line, and which bounds did not hold."""
    with Watcher(stage) as seen, attacking(stage, kind, SOURCES[source], count) as answers:
        try:
            longest = max(stage.flows())
        except (
            WalletError,
            RuntimeError,
        ) as error:  # a flow that breaks off is the worst of all, and is told
            return f"{kind:18} {source:6} {'-':>7}", [f"a flow failed: {error!r}"]
    faults = []
    if longest > calm + LONGER_SECONDS:
        faults.append(f"{longest - calm:.1f} s longer than in calm")
    if seen.megabytes > base + MORE_MEGABYTES:
        faults.append(f"{seen.megabytes - base:.0f} MB more")
    if seen.threads > MOST_THREADS:
        faults.append(f"{seen.threads} threads")
    if seen.connections > MOST_CONNECTIONS:
        faults.append(f"{seen.connections} connections")
    line = (
        f"{kind:18} {source:6} {calm:5.2f}s {longest:6.2f}s {seen.megabytes:5.0f} {seen.threads:7}"
    )
    return f"{line} {seen.connections:4}  {' '.join(answers)}", faults


@contextmanager
def attacking(stage: Stage, kind: str, source: str, count: int) -> Iterator[list[str]]:
    """Attack while the block runs; the list then says how it was answered."""
    command = [sys.executable, "-m", "config.hostile.attack", kind, "--source", source]
    command += ["--port", str(stage.server.port), "--count", str(count), "--has", str(stage.has)]
    answers: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            if process.stdout is None or process.stdout.readline() != "go\n":
                raise RuntimeError(f"the attack {kind} did not begin")
            yield answers
            time.sleep(0.5)
        finally:
            process.terminate()
            with_rest = process.communicate(timeout=END_SECONDS)[0]
            answers += [with_rest.strip() or "held until the end"]


if __name__ == "__main__":
    sys.exit(main())
