"""Playing the cases of test files, and saying how what happened differs from what is expected."""

from __future__ import annotations

import difflib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from django.db import connection, connections

from config.authoring.cases import Case, read_cases, tidy
from config.authoring.person import Prepared
from config.authoring.places import TEST, NoSuchFile, Place, is_test, read, script_files
from config.authoring.rehearsal import Outcome, Rehearsal, prepare
from config.authoring.screen import Screen, transcript
from config.authoring.virtual_time import virtual_time
from messaging import keys
from scripts import library, poison
from scripts.language.errors import LoadErrors
from scripts.language.values import to_text

log = structlog.get_logger(__name__)


class Stores:
    """The stage's SQLite file, as it was before the first case, for each case anew."""

    def __init__(self, folder: Path) -> None:
        self.file = Path(str(connection.settings_dict["NAME"]))
        self.empty = folder / "empty.sqlite3"
        connections.close_all()
        shutil.copy(self.file, self.empty)

    def reset(self) -> None:
        """Bring the empty tables back, and forget what the process knows of the last case."""
        connections.close_all()
        for ending in ("-wal", "-shm"):
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        shutil.copy(self.empty, self.file)
        library.forget()
        poison.forget()
        keys.forget_remembered()


def play_case(place: Place, case: Case, folder: Path) -> tuple[Outcome, list[str]]:
    """Play one case on the database at hand; return how it ended and what was not as expected.

    Raises LoadErrors or NoSuchFile when the script cannot be played.
    """
    with virtual_time(case.now) as time:
        talker = prepare(place, script=case.script)
        person = Prepared(list(case.answers), list(case.offers))
        outcome = Rehearsal(place, person, time).play(talker, folder, case.inputs)
    differences = list(_differences(case, outcome))
    if not outcome.problem and person.answers:
        left = ", ".join(answer.text for answer in person.answers)
        differences.append(f"nobody asked for these answers: {left}")
    return outcome, differences


def played(place: Place, case: Case, folder: Path) -> list[str]:
    """Play one case and return what was not as expected; that it cannot be played is told too.

    Whatever is wrong with it, the cases behind it are played.
    """
    try:
        return play_case(place, case, folder)[1]
    except (LoadErrors, NoSuchFile) as faults:
        return [str(faults)]
    except Exception as fault:
        log.exception("case_failed", case=case.name)
        return [f"it cannot be played: {fault!r}"]


def _differences(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.problem:
        yield outcome.problem
    if case.transcript is not None:
        seen = tidy([transcript(line) for line in outcome.lines])
        if seen != case.transcript:
            yield "the transcript differs (- expected, + seen):"
            compared_lines = difflib.ndiff(case.transcript, seen)
            yield from (f"  {line}" for line in compared_lines if line[0] != "?")
    if outcome.state != case.ends and not outcome.problem:
        why = f": {outcome.error}" if outcome.error else ""
        yield f"it ended {outcome.state}, not {case.ends}{why}"
    if case.error and case.error not in outcome.error:
        yield f"the error is {outcome.error!r}, not {case.error!r}"
    if case.result is not None:
        yield from compared("Result", case.result, outcome.result)
    if case.log is not None:
        yield from compared("Log", case.log, outcome.logged)
    if case.tokens is not None:
        documents = [token["Document"] for token in outcome.tokens if token["Status"] == "ACTIVE"]
        yield from compared("Tokens", case.tokens, documents)


def compared(name: str, expected: Any, seen: Any) -> Iterator[str]:
    """Yield where `seen` is not what is expected; a map may hold more than it must."""
    if isinstance(expected, dict):
        if not isinstance(seen, dict):
            yield f"{name} is {to_text(seen)!r}, not a map"
            return
        for key, value in expected.items():
            yield from compared(f"{name}.{key}", value, seen.get(key))
    elif isinstance(expected, list):
        if not isinstance(seen, list) or len(seen) != len(expected):
            count = len(seen) if isinstance(seen, list) else 0
            yield f"{name} has {count} items, not {len(expected)}"
            return
        for number, (wanted, value) in enumerate(zip(expected, seen, strict=True), 1):
            yield from compared(f"{name} {number}", wanted, value)
    elif to_text(seen) != (expected or ""):
        yield f"{name} is {to_text(seen)!r}, not {expected!r}"


def scripts_with_tests(paths: list[Path]) -> list[tuple[Path, Path]]:
    """Return (script, its tests) for what is named: folders, scripts, or test files.

    Raises NoSuchFile for a script that is named and has no tests.
    """
    found: list[tuple[Path, Path]] = []
    for path in paths:
        for each in script_files([path]):
            if is_test(each):
                script = each.with_name(each.name.replace(TEST + each.suffix, each.suffix))
                found.append((script, each))
                continue
            test = Place.of(each).test
            if test.exists():
                found.append((each, test))
            elif not path.is_dir():
                raise NoSuchFile(f"{each} has no tests: {test.name} is not beside it")
    return found


def run(folder: Path, options: dict[str, Any]) -> int:
    """Play what `script test` was asked to; 0 when all is as expected, 2 when a file is missing."""
    screen = Screen(sys.stdout)
    stores = Stores(folder)
    cases = failed = 0
    try:
        files = scripts_with_tests([Path(each) for each in options["files"]])
    except NoSuchFile as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    for script, test in files:
        screen.write(str(test))
        wanted: list[Case] = []
        try:
            wanted = read_cases(read(test), str(test))
        except (LoadErrors, NoSuchFile) as faults:
            failed += 1
            screen.write(f"  {screen.paint('FAIL', 'FAILED')}  {faults}")
        for case in wanted:
            if options["only"] and options["only"].lower() not in case.name.lower():
                continue
            cases += 1
            stores.reset()
            differences = played(
                Place.of(script, options["domain"]), case, folder / f"wallet{cases}"
            )
            failed += bool(differences)
            _report(screen, case, test, differences)
    verdict = f"{failed} failed" if failed else "all as expected"
    files_said = "1 file" if len(files) == 1 else f"{len(files)} files"
    screen.write(f"{cases} cases in {files_said}: {verdict}")
    return 1 if failed or not cases else 0


def _report(screen: Screen, case: Case, test: Path, differences: list[str]) -> None:
    if not differences:
        screen.write(f"  {screen.paint('ok', 'DONE')}    {case.name}")
        return
    screen.write(f"  {screen.paint('FAIL', 'FAILED')}  {case.name}  ({test}:{case.line})")
    for line in differences:
        colour = {"  -": "FAIL", "  +": "DONE"}.get(line[:3], "")
        screen.write(f"        {screen.paint(line, colour)}")
