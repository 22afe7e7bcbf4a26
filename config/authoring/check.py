"""All faults of all files at once, and what is allowed but hardly meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.authoring.places import NoSuchFile, read
from config.authoring.suspicion import Suspicion, suspicions
from messaging.each import each
from scripts import library
from scripts.items.files import check_text, is_dataset
from scripts.language.errors import LoadErrors, ScriptSyntaxError


@dataclass(frozen=True)
class Report:
    """What was found in some files; `unread` are files that could not be read at all."""

    faults: list[ScriptSyntaxError]
    warnings: list[ScriptSyntaxError]
    unread: list[str]

    @property
    def is_sound(self) -> bool:
        return not (self.faults or self.unread)


def check_source(source: str, *, file: str, name: str = "") -> Report:
    """Return what is wrong with a script, and what is suspicious in it."""
    faults: list[ScriptSyntaxError] = []
    try:
        warnings = library.compile_source(source, file=file, name=name).file.warnings
    except LoadErrors as errors:
        faults, warnings = list(errors), errors.warnings
    return Report(faults, [_warning(file, each) for each in suspicions(warnings, source)], [])


def check_dataset(text: str, *, file: str, name: str = "") -> Report:
    """Return what is wrong with a dataset's file."""
    try:
        check_text(text, file=file)
    except LoadErrors as errors:
        return Report(list(errors), [], [])
    return Report([], [], [])


def _warning(file: str, suspicion: Suspicion) -> ScriptSyntaxError:
    return ScriptSyntaxError(
        suspicion.message, file, suspicion.line, suspicion.column, suspicion.hint
    )


def check_files(paths: Iterable[Path]) -> Report:
    """Return what is found in all of these files."""
    report = Report([], [], [])

    def unread(path: Path, fault: Exception) -> None:
        known = isinstance(fault, NoSuchFile)  # else a fault of ours, which stops no other file
        report.unread.append(str(fault) if known else f"{path}: cannot be checked: {fault!r}")

    for found in each("file", paths, _checked, unread):
        report.faults.extend(found.faults)
        report.warnings.extend(found.warnings)
    return report


def _checked(path: Path) -> Report:
    check = check_dataset if is_dataset(path) else check_source
    return check(read(path), file=str(path), name=path.stem)
