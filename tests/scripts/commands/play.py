"""Lists of commands, played to their end by the engine."""

from __future__ import annotations

from typing import Any

from scripts.models import Run
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result


def play(commands: str, *, domain: str = DOMAIN, **holders: Any) -> Run:
    """Return the run of a script, ended, with these holders at its beginning."""
    run = begin(commands, domain=domain, inputs=holders)
    pump()
    run.refresh_from_db()
    return run


def value(commands: str, *, domain: str = DOMAIN, **holders: Any) -> Any:
    """Return what a script returned."""
    run = play(commands, domain=domain, **holders)
    assert run.state == "DONE", run.error
    return result(run)


def error(commands: str, *, domain: str = DOMAIN, **holders: Any) -> str:
    """Return the error that ended a script, with its place."""
    run = play(commands, domain=domain, **holders)
    assert run.state == "FAILED", run.state
    return run.error
