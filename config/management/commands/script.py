"""`manage.py script ...`: what authors of scripts use; docs/scripts.md is their guide."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from config.authoring import reference, stage
from config.authoring import trace as tracing
from config.authoring.check import check_files
from config.authoring.layout import LayoutRefused, laid_out
from config.authoring.places import NoSuchFile, read, script_files
from operators.commands import LOOKS, PLAYS, OperatorsCommand
from scripts.language.errors import LoadErrors

Options = dict[str, Any]


class Command(OperatorsCommand):
    # The reference is a file of the repository.
    does = {
        **dict.fromkeys(("check", "format", "reference", "trace"), LOOKS),
        **dict.fromkeys(("run", "test"), PLAYS),
    }
    words = ("command",)
    help = "Check, run, test, lay out and trace scripts (the guide is docs/scripts.md)."
    requires_system_checks: list[str] = []
    stealth_options = ("command",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        check = commands.add_parser("check", help="tell every fault of every file")
        check.add_argument("files", nargs="+", metavar="FILE|FOLDER")
        check.add_argument("--strict", action="store_true", help="warnings count as faults")
        _add_run(commands.add_parser("run", help="play a script against a pretend wallet"))
        _add_test(commands.add_parser("test", help="play the cases of its tests"))
        layout = commands.add_parser("format", help="lay files out, keeping comments and meaning")
        layout.add_argument("files", nargs="+", metavar="FILE|FOLDER")
        layout.add_argument("--check", action="store_true", help="change nothing; 1 if it would")
        book = commands.add_parser("reference", help="write docs/script-reference.md anew")
        book.add_argument("--check", action="store_true", help="change nothing; 1 if it would")
        runs = commands.add_parser("trace", help="what a run has done, and what it waits for")
        runs.add_argument("run", nargs="?", metavar="RUN", help="its id, or that of its token")
        runs.add_argument("--domain", default="", help="whose newest runs are listed")

    def handle(self, *args: Any, **options: Any) -> None:
        code = COMMANDS[options["command"]](self, options)
        if code:
            sys.exit(code)


def _add_run(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TEXT",
        help="to the questions in their order; yes or no to CONFIRM, '(no answer)' to stay away",
    )
    parser.add_argument(
        "--issue",
        action="append",
        default=[],
        choices=("accept", "decline", "leave"),
        help="what becomes of an offer; several: in their order, the last for all that follow",
    )
    parser.add_argument("--script", default="", help="another script of the file than its first")
    parser.add_argument("--domain", default="", help="where it is at home (else its folder's name)")
    parser.add_argument("--trace", action="store_true", help="and say which lines it went")
    parser.add_argument("--now", default="", help="when it begins, as 2026-03-02T09:00:00Z")


def _add_test(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE|FOLDER")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds it")
    parser.add_argument("--domain", default="", help="where they are at home")


def check(command: BaseCommand, options: Options) -> int:
    """Print faults to stderr, warnings to stdout; 1 when there is a fault."""
    files = _files(options["files"], datasets=True)
    report = check_files(files)
    for line in [*report.unread, *map(str, report.faults)]:
        command.stderr.write(command.style.ERROR(line))
    for warning in report.warnings:
        place = f"{warning.file}:{warning.line}:{warning.column}"
        hint = f" ({warning.hint})" if warning.hint else ""
        command.stdout.write(f"{place}: warning: {warning.message}{hint}")
    faults, warnings = len(report.faults) + len(report.unread), len(report.warnings)
    command.stdout.write(
        f"{_count(len(files), 'file')} checked: {_count(faults, 'fault')}, "
        f"{_count(warnings, 'warning')}"
    )
    return 1 if faults or (warnings and options["strict"]) or not files else 0


def run(command: BaseCommand, options: Options) -> int:
    """Play a script on stores of its own, once it is sound."""
    report = check_files([Path(options["file"])])
    if not report.is_sound:
        for line in [*report.unread, *map(str, report.faults)]:
            command.stderr.write(command.style.ERROR(line))
        return 1
    inputs = dict(_input(each) for each in options["input"])
    asked = {name: options[name] for name in ("file", "issue", "script", "domain", "now", "trace")}
    return _on_stage("run", {**asked, "answers": options["answer"], "inputs": inputs})


def _input(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise CommandError(f"--input {text}: write NAME=VALUE", returncode=2)
    return name.strip(), value


def test(command: BaseCommand, options: Options) -> int:
    """Play the cases of test files on stores of their own."""
    return _on_stage("test", {name: options[name] for name in ("files", "only", "domain")})


def _on_stage(name: str, asked: Options) -> int:
    return stage.launch([name, json.dumps(asked)])


def lay_out(command: BaseCommand, options: Options) -> int:
    """Lay files out in place, or say which are not; 1 when one is not or cannot be."""
    changed = refused = 0
    files = _files(options["files"])
    for path in files:
        try:
            source = read(path)
            text = laid_out(source, file=str(path), name=path.stem)
        except Exception as why:  # noqa: BLE001 - the other files are laid out all the same
            refused += 1
            known = isinstance(why, LoadErrors | LayoutRefused | NoSuchFile)
            command.stderr.write(command.style.ERROR(str(why) if known else f"{path}: {why!r}"))
            continue
        if text == source:
            continue
        changed += 1
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        command.stdout.write(f"{path}: {'is not laid out' if options['check'] else 'laid out'}")
    command.stdout.write(f"{_count(len(files), 'file')}, {changed} changed, {refused} refused")
    return 1 if refused or (changed and options["check"]) else 0


def trace(command: BaseCommand, options: Options) -> int:
    """Print what a run of this deployment has done; without one, the newest runs."""
    try:
        if not options["run"]:
            for line in list(tracing.latest(options["domain"])) or ["No script has run here yet."]:
                command.stdout.write(line)
            return 0
        runs = tracing.find(options["run"])
    except tracing.NoSuchRun as missing:
        raise CommandError(str(missing)) from None
    except DatabaseError as fault:
        hint = "manage.py migrate makes its tables"
        raise CommandError(f"the runs cannot be read: {fault} ({hint})") from None
    for number, run in enumerate(runs):
        if number:
            command.stdout.write("")
        for line in tracing.trace(run):
            command.stdout.write(line)
    return 0


def write_reference(command: BaseCommand, options: Options) -> int:
    """Write the reference from the tables, or say whether it is current."""
    text = reference.reference()
    current = reference.FILE.exists() and reference.FILE.read_text(encoding="utf-8") == text
    if not current and not options["check"]:
        reference.FILE.write_text(text, encoding="utf-8")
    state = "current" if current else ("not current" if options["check"] else "written")
    command.stdout.write(f"{reference.FILE.name}: {state}")
    return 0 if current or not options["check"] else 1


def _files(names: list[str], *, datasets: bool = False) -> list[Path]:
    try:
        return script_files((Path(each) for each in names), datasets=datasets)
    except NoSuchFile as missing:
        raise CommandError(str(missing), returncode=2) from None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


COMMANDS: dict[str, Callable[[BaseCommand, Options], int]] = {
    "check": check,
    "run": run,
    "test": test,
    "format": lay_out,
    "trace": trace,
    "reference": write_reference,
}
