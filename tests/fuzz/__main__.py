"""`python -m tests.fuzz [--inputs N] [--seconds S]`: texts for the reader of scripts.

It is guided by coverage: a text that reaches lines which none before it has reached is kept, and
further ones are made from it. `tests.fuzz.libfuzzer` does the same by branches, with atheris.
Prints how many texts there were, how many were scripts, and how many lines they reached; a text
that the reader does not stand ends it, and is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from types import CodeType, FrameType
from typing import Any

from tests.fuzz.dictionary import SEEDS, mutated
from tests.fuzz.target import one_text

TRACED_SHARE = 8  # one text in so many is traced: tracing costs most of the time


class Lines:
    """The lines of scripts/language that have been reached."""

    def __init__(self) -> None:
        self.seen: set[tuple[CodeType, int]] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if "scripts/language" not in frame.f_code.co_filename:
            return None
        return self.line

    def line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.seen.add((frame.f_code, frame.f_lineno))
        return self.line


def guided(inputs: int, seconds: float, seed: int) -> int:
    """Make and try texts; return how many."""
    chance = random.Random(seed)
    lines, corpus = Lines(), list(SEEDS)
    end, scripts, done = time.monotonic() + seconds, 0, 0
    while done < inputs and time.monotonic() < end:
        done += 1
        text = mutated(chance.choice(SEEDS if done % 3 == 0 else corpus), chance)
        before, traced = len(lines.seen), done % TRACED_SHARE == 0
        if traced:
            sys.settrace(lines)
        try:
            scripts += one_text(text)
        except BaseException:
            sys.settrace(None)
            sys.stdout.write(f"text {done}: {text!r}\n")
            raise
        finally:
            sys.settrace(None)
        if len(lines.seen) > before or (not traced and chance.random() < 0.0005):
            corpus.append(text)
    sys.stdout.write(
        f"{done} texts, {scripts} of them scripts, {len(corpus)} kept, "
        f"{len(lines.seen)} lines reached: nothing but LoadErrors\n"
    )
    return done


def main() -> int:
    """Fuzz by the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return 0 if guided(options.inputs, options.seconds, options.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
