"""What happens on the stage: `run` plays one script, `test` plays the cases of test files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from config.authoring import testing
from config.authoring.person import ACCEPT, LEAVE, NO_ANSWER, Person, Prepared, Reaction, reactions
from config.authoring.places import NoSuchFile, Place
from config.authoring.rehearsal import Outcome, Rehearsal, prepare
from config.authoring.screen import AtTerminal, Screen
from config.authoring.trace import trace
from config.authoring.virtual_time import virtual_time
from scripts.language.errors import LoadErrors
from scripts.language.values import parse_time


class Choosy:
    """Answers as prepared, and asks on the screen when nothing is (left)."""

    def __init__(self, prepared: Prepared, asked: Person, *, decided: bool) -> None:
        self.prepared = prepared
        self.asked = asked
        self.decided = decided

    def answer(self, prompt: dict[str, Any]) -> Reaction:
        return (self.prepared if self.prepared.answers else self.asked).answer(prompt)

    def decide(self, prompt: dict[str, Any]) -> Reaction:
        return (self.prepared if self.decided else self.asked).decide(prompt)


def run(folder: Path, options: dict[str, Any]) -> int:
    """Play a script as `script run` was asked to; 0 when it came to its end and has not FAILED."""
    screen = Screen(sys.stdout)
    place = Place.of(Path(options["file"]), options["domain"])
    begins = None
    if options["now"]:
        begins = parse_time(options["now"])
        if begins is None:
            sys.stderr.write(f"--now: {options['now']!r} is not a time\n")
            return 2
    try:
        with virtual_time(begins) as time:
            talker = prepare(place, script=options["script"])
            screen.write(f"{talker.title}, at {place.domain}  (with a pretend wallet)")
            screen.write()
            rehearsal = Rehearsal(place, _person(screen, options), time, screen.line)
            outcome = rehearsal.play(talker, folder / "wallet", options["inputs"])
    except (LoadErrors, NoSuchFile) as faults:
        sys.stderr.write(f"{faults}\n")
        return 1
    screen.end(outcome, str(place.path))
    if options["trace"] and outcome.run is not None:
        screen.write()
        for line in trace(outcome.run):
            screen.write(f"  {line}")
    return _code(outcome)


def _person(screen: Screen, options: dict[str, Any]) -> Person:
    chosen = [NO_ANSWER if each == LEAVE else each for each in options["issue"]]
    decisions = reactions(chosen or [ACCEPT])
    prepared = Prepared(reactions(options["answers"]), decisions)
    if not sys.stdin.isatty():
        return prepared
    return Choosy(prepared, AtTerminal(screen), decided=bool(options["issue"]))


def _code(outcome: Outcome) -> int:
    return 1 if outcome.problem or outcome.state == "FAILED" else 0


def main() -> int:
    """Read the stage's folder, the subcommand and its options as JSON."""
    folder, command, options = sys.argv[1:4]
    play = {"run": run, "test": testing.run}[command]
    try:
        return play(Path(folder), json.loads(options))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
