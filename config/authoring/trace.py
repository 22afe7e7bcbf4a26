"""What a run of this deployment has done, segment by segment, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from scripts import library
from scripts.errors import UnknownScript
from scripts.explain import why
from scripts.models import Run, RunEvent, ScriptVersion

LATEST = 20
SHOWN = 100


class NoSuchRun(Exception):
    """Nothing is known under this id."""


def latest(domain: str = "") -> Iterator[str]:
    """Yield a line for each of the newest runs."""
    runs = Run.objects.order_by("-created_at")
    for run in (runs.filter(domain=domain) if domain else runs)[:LATEST]:
        began = f"{run.created_at:%Y-%m-%d %H:%M:%S}"
        yield f"{run.pk}  {began}  {run.state:<11} {run.script} at {run.domain}"


def find(text: str) -> list[Run]:
    """Return the run of this id, or those about the row (a token, a chat) of this id.

    Raises NoSuchRun.
    """
    try:
        wanted = UUID(text)
    except ValueError:
        raise NoSuchRun(f"{text} is no id; `script trace` alone lists the newest runs") from None
    own = Run.objects.filter(pk=wanted)
    found = list(own or Run.objects.filter(subject_id=str(wanted)).order_by("created_at", "id"))
    if not found:
        raise NoSuchRun(f"there is no run {text}, and no run about it")
    return found


def trace(run: Run) -> Iterator[str]:
    """Yield the lines that tell of a run."""
    yield f"{run.script} at {run.domain}: {run.state}"
    yield f"run {run.pk}, started {run.created_at:%Y-%m-%d %H:%M:%S} UTC by {run.trigger}"
    sources = _Sources()
    for event in RunEvent.objects.filter(run=run).order_by("rev"):
        yield ""
        yield f"{event.rev:>4}  {event.at:%Y-%m-%d %H:%M:%S.%f}  {event.kind}"
        yield from (f"      {line}" for line in _told(event.data, sources))
    yield ""
    yield why(run)


def _told(data: dict[str, Any], sources: _Sources) -> Iterator[str]:
    for version, script, lines in data.get("path", []):
        yield script
        source = sources.of(version)
        for line in lines:
            text = source[line - 1].strip() if 0 < line <= len(source) else ""
            yield f"  {line:>4}: {text[:SHOWN]}".rstrip()
    for name, value in data.get("set", {}).items():
        yield f"${name} = {value}"
    for note in data.get("log", []):
        yield f"log: {note}"
    if data.get("error"):
        yield f"error: {data['error']}"
    if data.get("by"):
        yield f"by {data['by']}"


class _Sources:
    """The lines of versions, by the beginning of their hash."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}

    def of(self, start: str) -> list[str]:
        if start not in self.known:
            row = ScriptVersion.objects.filter(hash__startswith=start).first()
            try:
                source = library.version(row.hash).source if row else ""
            except UnknownScript:
                source = ""
            self.known[start] = source.splitlines()
        return self.known[start]
