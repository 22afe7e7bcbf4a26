"""`python -m tests.fuzz.answers [--inputs N] [--seconds S] [--seed K]`: odd answers to questions.

For each format of docs/prompts.md that asks for something, that many answers in forty languages,
with bounds, lengths, patterns and precisions of all kinds. Whatever is typed is read, asked back
because it would be rounded, or refused in words that a prompt can hold; what the person then agrees
to is read as well. Anything else is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from host.answers import BadAnswer, Question, Rounds, read_strictly, rounded_answer, shaped
from host.options import read_options
from host.rules import read_rules
from scripts.language.errors import ScriptError
from scripts.language.values import decode, encode, to_text
from tests.fuzz import typed

TEXT_LIMIT = 250  # of a prompt
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPTIONS = read_options(
    {"A": "Adult", "C": "Child", "S": "Senior", "L": "Our gym \u00a7 .HOST,gym.test,join"}
)


def main() -> int:
    """Fuzz by the command line's options; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each format")
    parser.add_argument("--seconds", type=float, default=86_400, help="for all formats together")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faults = 0
    for format in typed.FORMATS:
        counts = fuzz(format, options.inputs, options.seconds / len(typed.FORMATS), options.seed)
        sys.stdout.write(f"{format}: {counts}\n")
        sys.stdout.flush()
        faults += counts["faults"]
    sys.stdout.write(f"answers that raised anything but a refusal: {faults}\n")
    return int(bool(faults))


def fuzz(format: str, inputs: int, seconds: float, seed: int) -> dict[str, int]:
    """Try answers to questions of one format; return how many were read, asked back and refused."""
    chance = Random(f"{format} {seed}")
    counts = {"inputs": 0, "read": 0, "asked back": 0, "refused": 0, "bad rules": 0, "faults": 0}
    end = time.monotonic() + seconds
    question = Question(format)
    for number in range(inputs):
        if number % 100 == 0:
            if time.monotonic() >= end:
                break
            given = typed.rules(chance, format)
            try:
                question = asked(format, given, chance.choice(typed.LANGUAGES))
            except ScriptError:
                counts["bad rules"] += 1
        counts["inputs"] += 1
        answer = typed.value(chance, format)
        try:
            counts[answered(question, answer)] += 1
        except Exception as fault:  # noqa: BLE001 - the very thing that is looked for
            counts["faults"] += 1
            sys.stdout.write(
                f"{format} {number} of seed {seed}: {fault!r}: {question!r} {answer!r}\n"
            )
    return counts


def asked(format: str, given: dict[str, Any], language: str) -> Question:
    """Return a question as a script asks it. Raises ScriptError for rules that make no sense."""
    return Question(format, read_rules(format, given, NOW), OPTIONS, language)


def answered(question: Question, answer: Any) -> str:
    """Read one answer as the command that asked does; return what became of it."""
    try:
        read = read_strictly(question, answer)
    except BadAnswer as bad:
        assert str(bad)
        return "refused"
    except Rounds as rounds:
        assert len(f"{rounds.shown}, is that right?") < TEXT_LIMIT
        number = decode(encode(rounds.number))
        kept(rounded_answer(question, number, to_text(answer).strip()))
        return "asked back"
    kept(read)
    if question.format == "TEXT" and read is not None:
        shaped(read, to_text(question.rules.get("Pattern")), "\\0 \\1 \\9")
    return "read"


def kept(value: Any) -> None:
    """Store a value as a parked run does, and show it as a prompt does."""
    assert decode(encode(value)) == value
    if isinstance(value, dict):
        assert isinstance(value["Decimal"], Decimal)
    to_text(value)


if __name__ == "__main__":
    sys.exit(main())
