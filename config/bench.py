"""`make bench`: complete flows a second, and what one costs, on the shape the environment names.

A flow is everything from the locator to the talker's last line, the token saved and checked, by a
wallet over HTTP. Its price is also given in Ed25519 signatures with their check, measured in the
same run, so that figures of different machines can be compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from config.demo.server import NO_LIMITS, Server
from messaging.signing import PrivateKey
from wallets.client import Wallet
from wallets.client.events import SHOWN

LOCATOR = ".HOST,theatre.test,ticket"
TICK = os.sysconf("SC_CLK_TCK")
FLOW_SECONDS = 120.0


def answer(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str]:
    """Type a name, and keep the ticket."""
    if prompt["Format"] == "TEXT":
        return {"Result": "OK", "Answer": "Alice"}
    return {"Result": "YES"}


def play(wallet: Wallet, flows: int) -> list[float]:
    """Play flows one after the other; return how many seconds each took."""
    lengths = []
    for _ in range(flows):
        began = time.monotonic()
        wallet.locate(LOCATOR)
        while not ended(wallet):
            if time.monotonic() - began > FLOW_SECONDS:
                raise RuntimeError("a flow never ended")
        lengths.append(time.monotonic() - began)
    return lengths


def ended(wallet: Wallet) -> bool:
    """Handle what waits; say whether the talker's last line was among it."""
    happened = wallet.poll(wait=5)
    return any(
        event.kind == SHOWN and event.details["Format"] in ("DONE", "FAIL") for event in happened
    )


def cpu_seconds(group: int) -> float:
    """Return the CPU time used so far by the processes of a group."""
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue  # not a process, or gone
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def signature_seconds(count: int = 2000) -> float:
    """Return what one signature and its check cost here, now."""
    key = PrivateKey.generate()
    data = b"x" * 500
    began = time.process_time()
    for _ in range(count):
        if not key.public.verify(data, key.sign(data)):
            raise RuntimeError("a signature of ours does not verify")
    return (time.process_time() - began) / count


def main() -> int:
    """Measure and print; 0 when every flow ended with a valid token."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=160)
    parser.add_argument("--wallets", type=int, default=16)
    options = parser.parse_args()
    shape = "server" if os.environ.get("DATABASE_URL") else "embedded"
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        server = Server(
            folder / "server", {"HTTPS_ONLY": "0", **NO_LIMITS}, embedded=shape == "embedded"
        )
        server.start()
        try:
            return measure(server, folder, shape, options.flows, options.wallets)
        finally:
            server.stop()


def measure(server: Server, folder: Path, shape: str, flows: int, count: int) -> int:
    """Play `flows` flows with `count` wallets at once, and print the figures."""
    wallets = [
        Wallet.create(
            folder / str(number),
            notifier="notifier.test",
            routes=[f"*.test={server.url}"],
            answer=answer,
        )
        for number in range(count)
    ]
    each = max(flows // count, 1)
    group = server.process.pid if server.process else 0
    signature = signature_seconds()
    before, began = cpu_seconds(group), time.monotonic()
    with ThreadPoolExecutor(count) as threads:
        lengths = [one for many in threads.map(play, wallets, [each] * count) for one in many]
    wall, cpu = time.monotonic() - began, cpu_seconds(group) - before
    done = len(lengths)
    kept = sum(len([token for token in wallet.tokens() if token["Valid"]]) for wallet in wallets)
    for wallet in wallets:
        wallet.close()
    cuts = statistics.quantiles(lengths, n=20) if done > 1 else lengths * 20
    print(f"shape: {shape}; {done} flows by {count} wallets at once, {kept} valid tokens kept")
    print(f"throughput: {done / wall:.1f} flows/s")
    print(
        f"server CPU: {1000 * cpu / done:.0f} ms/flow (without PostgreSQL and Redis), "
        f"as much as {cpu / done / signature:.0f} signatures with their check"
    )
    print(
        f"length of a flow, a person who answers at once: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s"
    )
    return 0 if kept == done else 1


if __name__ == "__main__":
    sys.exit(main())
