"""Talkers opened by a person, up to where they wait."""

from __future__ import annotations

from typing import Any

from host.services import save_talker
from scripts.language.values import decode
from scripts.models import Run
from tests.person import Person
from tests.scripts.engine import DOMAIN


def open_talker(person: Person, script: str, *, key: str = "test") -> str:
    """Keep a talker of the theatre and open it; return the chat."""
    source = script if script.startswith("💬") else f"💬 Test:\n{script}"
    save_talker(domain=DOMAIN, key=key, title="Test", source=source)
    return person.open(f".HOST,{DOMAIN},{key}")


def last_run(script: str = "OnChatActivated") -> Run:
    return Run.objects.filter(domain=DOMAIN, script=script).latest("created_at")


def holders(run: Run) -> dict[str, Any]:
    """Return the holders of the innermost script of a parked run."""
    run.refresh_from_db()
    found: dict[str, Any] = decode(run.continuation["frames"][-1][3])
    return found
