"""Layer D, planted bugs: mistakes that this design invites, each put into a copy of the code.

A layer that stays green with one of them in place proves nothing. Each names the layer that must
turn red, and how much of that layer is played.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from config.faults.report import BASE_DIR, write

TIME_OUT = 240.0
# All there are: without one of them nothing would start, and every bug would look as if not found.
APPS = tuple(path.parent.name for path in BASE_DIR.glob("*/__init__.py"))
SWEEP = ("crashes", "--fail-fast", "--most", "4")
MEETINGS = ("interleavings", "--shape", "server", "--fail-fast")


class Misfit(Exception):
    """The code has changed, and a planted bug no longer fits: it has to be written anew."""


@dataclass(frozen=True)
class Mutant:
    """One planted bug: what it breaks, where, and which layer must see it."""

    name: str
    breaks: str
    file: str
    edits: tuple[tuple[str, str], ...]
    layer: tuple[str, ...]

    def plant(self, tree: Path) -> None:
        """Change a copy of the code. Raises Misfit unless each place is there exactly once."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        for old, new in self.edits:
            if text.count(old) != 1:
                raise Misfit(f"{self.name}: {self.file} has its place {text.count(old)} times")
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


@dataclass
class Found:
    """What became of one planted bug."""

    name: str
    breaks: str
    layer: str
    red: bool
    seconds: float
    said: str


MUTANTS = (
    Mutant(
        "M1",
        "the ready row is deleted without its generation: a wake-up that came meanwhile is lost",
        "scripts/wakes.py",
        (
            (
                'SETTLE = "DELETE FROM scripts_ready WHERE run_id = %s AND gen = %s"',
                'SETTLE = "DELETE FROM scripts_ready WHERE run_id = %s AND gen <> -1 * %s"',
            ),
        ),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "due/"),
    ),
    Mutant(
        "M2",
        "an effect is written outside of the segment's transaction: it survives a rollback",
        "issuer/datasets.py",
        (
            (
                "        services.issue_token(write.domain, offer, "
                "origin=write.origin, run=write.run or None)\n",
                "        "
                "__import__('concurrent.futures').futures.ThreadPoolExecutor(1).submit(\n"
                "            services.issue_token, write.domain, offer, origin=write.origin,\n"
                "            run=write.run or None).result()\n",
            ),
        ),
        ("crashes", "--shape", "server", "--fail-fast", "--most", "4"),
    ),
    Mutant(
        "M3",
        "no lock on the run, and its revision is not checked: two workers advance it at once",
        "scripts/lifecycle.py",
        (
            (
                'LOCKED_RUN = rows.Select(Run, "pk", lock=rows.FOR_NO_KEY_UPDATE)',
                'LOCKED_RUN = rows.Select(Run, "pk")',
            ),
            (
                "WRITE_RUN.statement(*written, run.pk, run.rev, was)",
                'WRITE_RUN.statement(*written, run.pk, *Run.objects.values_list("rev", "state")'
                ".get(pk=run.pk))",
            ),
        ),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "answered/"),
    ),
    Mutant(
        "M4",
        "an attempt is not counted before the work: a script that kills its worker never ends",
        "scripts/wakes.py",
        (
            (
                "UPDATE scripts_ready SET attempts = attempts + 1, due_at = %s",
                "UPDATE scripts_ready SET attempts = attempts + 0, due_at = %s",
            ),
        ),
        ("crashes", "--fail-fast", "--only", "killer/"),
    ),
    Mutant(
        "M5",
        "nobody sweeps: what a lost bell was rung for is never done",
        "scripts/services.py",
        (
            (
                'sum(each("overdue run", wakes.due_runs(200, overdue_for), advance))\n',
                "0\n",
            ),
        ),
        SWEEP,
    ),
    Mutant(
        "M6",
        "a message is sent inside the transaction: the peer gets what was never committed",
        "messaging/outbox/queueing.py",
        (
            (
                "    ring_for(message)\n    return message\n",
                "    __import__('concurrent.futures').futures.ThreadPoolExecutor(1).submit(\n"
                "        lambda: __import__('messaging').outbox.delivering.carry(\n"
                "            message.recipient, unsigned(message, "
                "keys.signing_key(\n"
                "            "
                "message.sender)[0]).signed(keys.signing_key(message.sender)[1]).to_bytes())\n"
                "    ).result()\n"
                "    ring_for(message)\n"
                "    return message\n",
            ),
        ),
        ("crashes", "--shape", "server", "--fail-fast", "--most", "4"),
    ),
    Mutant(
        "M7",
        "the deadline is decided without the lock on the hook: accepted, and timed out",
        "scripts/hooks.py",
        (
            (
                "    hook = LOCKED_BY_ID.get(hook_id)\n",
                "    hook = Hook.objects.get(pk=hook_id)\n",
            ),
        ),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "due/"),
    ),
    Mutant(
        "M8",
        "a message is marked as sent, and then sent",
        "messaging/outbox/delivering.py",
        (
            (
                "        settle(message, _attempt(message))\n",
                "        if message.expects_response:\n"
                "            settle(message, _attempt(message))\n"
                "            return\n"
                "        settle(message, Outcome(delivered=True, final=True))\n"
                "        selector, key = keys.signing_key(message.sender)\n"
                "        raw = unsigned(message, selector).signed(key).to_bytes()\n"
                "        carry(message.recipient, raw)\n",
            ),
        ),
        SWEEP,
    ),
    Mutant(
        "M9",
        "an answer wakes its run through the queue only, without a row",
        "scripts/hooks.py",
        (
            (
                "update(state=HookState.FILLED)\n        if hook.run_id is not None:\n",
                "update(state=HookState.FILLED)\n        if origin.startswith('response:'):\n",
            ),
        ),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "parked/"),
    ),
    Mutant(
        "M10",
        "a start does not keep its caller's key: submitted twice, started twice",
        "scripts/services.py",
        (
            (
                "        trigger=trigger,\n        script=script,\n        version_id=",
                '        trigger=trigger if message else f"{trigger} {clock.now()}",\n'
                "        script=script,\n"
                "        version_id=",
            ),
        ),
        SWEEP,
    ),
    Mutant(
        "M11",
        "a segment does not hold the datasets that it asks: the last seat is sold twice",
        "scripts/items/holding.py",
        (("        self._take(number, alone=False)\n", "        number += 0\n"),),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "seats/"),
    ),
    Mutant(
        "M12",
        "what a listener raises is the message's fault: it is sent again and again, and never ends",
        "messaging/outbox/settling.py",
        (
            (
                "            if fault := _told(message, listens):\n"
                "                _note(message, listens, fault)\n",
                "            if fault := _told(message, listens):\n                raise fault\n",
            ),
        ),
        ("crashes", "--fail-fast", "--only", "deaf/"),
    ),
    Mutant(
        "M13",
        "a run is set aside on a claim that is old: woken meanwhile, it loses its last chance",
        "scripts/lifecycle.py",
        (
            (
                "            elif not wakes.forfeit(run_id, claim):\n"
                "                raise Overtaken(claim)\n",
                "            else:\n                wakes.forfeit(run_id, claim)\n",
            ),
        ),
        ("interleavings", "--shape", "server", "--fail-fast", "--only", "worn/"),
    ),
)


def hunt(mutant: Mutant) -> Found:
    """Plant one bug in a copy of the code, play its layer there, and say whether it turned red.

    Raises Misfit.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="countersign-mutant-") as name:
        tree = Path(name)
        for app in APPS:
            shutil.copytree(
                BASE_DIR / app, tree / app, ignore=shutil.ignore_patterns("__pycache__")
            )
        mutant.plant(tree)
        status, said = _play(mutant.layer, tree)
    lines = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    return Found(
        mutant.name,
        mutant.breaks,
        " ".join(mutant.layer),
        red=status == 1 and bool(lines),
        seconds=time.monotonic() - began,
        said=(lines[0] if lines else said[-300:].strip())[:200],
    )


def _play(layer: Sequence[str], tree: Path) -> tuple[int, str]:
    command = [sys.executable, "-W", "ignore", "-m", "config.faults.launch", *layer]
    try:
        done = subprocess.run(  # noqa: S603 - our own layers
            command, cwd=tree, capture_output=True, text=True, check=False, timeout=TIME_OUT
        )
    except subprocess.TimeoutExpired:
        return 2, "it never came to an end"
    return done.returncode, done.stdout + (done.stderr if done.returncode != 1 else "")


def main() -> int:
    """Hunt all of them, or those named; 0 when each was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="M1", help="which; all when none is named")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if not options.names or each.name in options.names]
    found = []
    with ThreadPoolExecutor(options.jobs) as hunters:
        for each in hunters.map(hunt, chosen):
            found.append(each)
            verdict = "found" if each.red else "NOT FOUND"
            print(f"{each.name:<4}{verdict:<10}{each.seconds:4.0f} s  {each.breaks}")
            print(f"    {each.said}", flush=True)
    write(options.json, "mutants", {"found": found})
    red = sum(each.red for each in found)
    print(f"planted bugs: {red} of {len(found)} found")
    return 0 if red == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
