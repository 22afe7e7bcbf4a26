"""`python -m tests.apart`: two deployments that share nothing, and whether they agree at last."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.apart import play
from tests.apart.places import isolate, isolated
from tests.apart.stage import Stage
from tests.apart.verdict import Verdict, judge

TOOLS = {
    "ip": "iproute2",
    "unshare": "util-linux",
    "named": "bind9",
    "dnssec-signzone": "bind9-utils",
    "unbound": "unbound",
    "nginx": "nginx-light",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.apart", description=__doc__)
    parser.add_argument("--flows", type=int, default=24, help="mixed flows")
    parser.add_argument("--wallets", type=int, default=6, help="people who play them")
    parser.add_argument("--cuts", type=int, default=1, help="how often the link is cut meanwhile")
    parser.add_argument("--cut-seconds", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loopback", action="store_true", help="no namespaces: 127.x addresses")
    parser.add_argument("--keep", type=Path, help="leave all files and logs in this new folder")
    return parser.parse_args()


def main() -> int:
    """Build, play, compare; 0 when both sides agree on every token."""
    chosen = arguments()
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        print(f"apart: needs Debian's {' '.join(missing)}: as root, apt-get install them")
        return 2
    status = isolate(sys.argv[1:], loopback=chosen.loopback)
    if status is not None:
        return status
    # Without namespaces nothing else ends what was started, so a request to end must unwind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    where = "network namespaces" if isolated() else "loopback addresses (no namespaces here)"
    with ExitStack() as stack:
        if chosen.keep:
            chosen.keep.mkdir(parents=True)
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-apart-"))
        stage = Stage(stack, (chosen.keep or Path(scratch)).resolve(), seed=chosen.seed)
        stage.build()
        say(f"two deployments in {where}, signed zones, validating resolvers, TLS: built")
        verdict = played(stage, chosen, say)
    ends = ", ".join(f"{end} {count}" for end, count in sorted(verdict.ends.items()))
    for line in verdict.violations[:40]:
        print(f"apart: {line}")
    agreed = "both agree on every token" if not verdict.violations else "NOT as it must be"
    print(f"apart: {verdict.tokens} tokens ({ends}): {agreed}")
    return 1 if verdict.violations or not verdict.tokens else 0


def played(stage: Stage, chosen: argparse.Namespace, say: play.Say) -> Verdict:
    """Play all of it and judge."""
    for name in ("theatre.test", "broker.test"):
        side = stage.issuer if name in stage.issuer.domains else stage.broker
        say(f"domain check: {side.checked(name)}")
    play.three_ends(stage, say)
    play.issuer_down(stage, say)
    play.mixed(
        stage,
        say,
        flows=chosen.flows,
        wallets=chosen.wallets,
        times=chosen.cuts,
        seconds=chosen.cut_seconds,
    )
    issuer, broker = stage.settle()
    say(f"at rest. {weather(stage)}")
    for role, rows in (("issuer", issuer), ("broker", broker)):
        say(f"{role}: {rows['Received']} messages taken, refused {rows['Refused'] or 'none'}")
    return judge(issuer, broker, stage.reports)


def weather(stage: Stage) -> str:
    """Say what became of the messages on their way in."""
    told: list[Any] = []
    for side in stage.sides:
        lines = side.log("weather").splitlines()
        told.append(f"{side.role}'s weather: {lines[-1] if lines else 'none'}")
    return "; ".join(told)


if __name__ == "__main__":
    sys.exit(main())
