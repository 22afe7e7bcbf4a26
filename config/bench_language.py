"""`python -m config.bench_language`: what reading a script and stepping through it cost.

Each figure is the best of several passes, and is also given in `json.loads` of 1 KB, measured in
the same run, so that figures of different machines can be compared.
"""

from __future__ import annotations

import json
import os
import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from scripts import library
from scripts.language.compiler import CompiledFile, Script, compile_file
from scripts.language.continuation import Call, start
from scripts.language.machine import run

COMMANDS, PASSES = 1000, 7
# Ten commands, as talkers and handlers have them.
PART = """\
- IF $n.Is({i}):
    - INFO: Good evening, {{$name}}.
- READ Issuer.Tokens >> $t{i}:
    Key: $id
- SAVE $t{i}:
    STATE: LATE
    Note: "{{$name}}, one seat"
- PUT $n >> $x{i}.Y
- SEND:
    To: peer.test
    Subject: Update@Peer
    Token: $t{i}.ID
- ASSERT $t{i}:
    AllOf: A, B
    A.IsAfter: .Now
- SET $n.Add(1)
- INFO Thank you
- LOG: done {{$n}}
"""
STEPS = """\
- FOR $list >> $i:
    - PUT $i >> $x
    - SET $n.Add(1)
    - IF $x.Is(3): LOG three
"""


class Nowhere:
    """An environment without effects: what is measured is the machine alone."""

    def __init__(self, file: CompiledFile) -> None:
        self.file = file
        self.clock = datetime(2026, 5, 1, tzinfo=UTC)

    def script(self, version: str, name: str) -> tuple[str, Script]:
        return version, self.file.scripts[name]

    def execute(self, call: Call) -> Any:
        return None

    def resume(self, call: Call, memo: Any, signal: Any) -> Any:
        return None

    def abandon(self, hook: str) -> None:
        return None

    def asks(self, word: str) -> bool:
        return False

    def system(self, name: str) -> Any:
        return None

    def now(self) -> datetime:
        return self.clock

    def new_uuid(self) -> str:
        return "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"

    def log(self, value: Any) -> None:
        return None


def best(work: Callable[[], object], times: int = 1) -> float:
    """Return the seconds that one pass of `work` takes."""
    return min(timeit.repeat(work, number=times, repeat=PASSES)) / times


def parsing() -> float:
    """Return the seconds that it takes to read and check 1,000 commands."""
    source = "".join(PART.format(i=i) for i in range(COMMANDS // 10))
    words = library.vocabulary()
    compiled = compile_file(source, file="bench.yaml", vocabulary=words)
    if len(compiled.scripts["main"].code) < COMMANDS:
        raise RuntimeError("these are not 1,000 commands")
    return best(lambda: compile_file(source, file="bench.yaml", vocabulary=words))


def stepping() -> float:
    """Return the seconds of a step, over PUT, SET, IF and the turns of FOR."""
    file = compile_file(STEPS, file="bench.yaml", vocabulary=library.vocabulary())
    world = Nowhere(file)
    rows = [str(number) for number in range(2000)]
    state = start("v1", "main", {"list": rows, "n": 0})
    run(state, world, budget_steps=10**6)

    def turn() -> None:
        run(start("v1", "main", {"list": rows, "n": 0}), world, budget_steps=10**6)

    return best(turn) / state.steps


def warm() -> float:
    """Return the seconds that a version costs once this process has read it."""
    version = library.compile_source("- LOG hi", file="bench.yaml", name="bench")
    library.shelf.by_hash[version.hash] = version
    return best(lambda: library.version(version.hash), 10_000)


def kilobyte() -> float:
    """Return the seconds of json.loads of 1 KB."""
    document = json.dumps({f"name {number:02}": [number, "text", None] for number in range(36)})
    return best(lambda: json.loads(document), 2000) * 1000 / len(document)


def main() -> int:
    """Measure and print; 1 when a limit of the language's promise is not kept."""
    unit = kilobyte()
    parse, step, cached = parsing(), stepping(), warm()
    print(f"json.loads of 1 KB: {unit * 1e6:.1f} us, the unit of what stands in brackets")
    print(f"parsing {COMMANDS} commands: {parse * 1e3:.0f} ms ({parse / unit:.0f})")
    print(f"a simple command: {step * 1e6:.1f} us a step ({step / unit:.2f})")
    print(f"a warm script: {cached * 1e6:.2f} us, nothing is read again ({cached / unit:.3f})")
    return 0 if parse < 0.1 and step < 20e-6 else 1


if __name__ == "__main__":
    sys.exit(main())
