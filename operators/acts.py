"""The record of what operators do: one place for every door."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from messaging import clock
from operators.models import Act


@dataclass(frozen=True)
class Doer:
    """Who does something, why, and in which press of a button."""

    by: str
    reason: str = ""
    press: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Subject:
    """What it is done to: a row's model, id and name, and the domain that it belongs to."""

    model: str
    object_id: str
    shown: str
    domain: str = ""


def begin(doer: Doer, verb: str, subject: Subject) -> Act | None:
    """Record that somebody is about to do `verb`; None when this press has done it already."""
    act, fresh = Act.objects.get_or_create(
        press=doer.press,
        model=subject.model,
        object_id=subject.object_id[:400],
        defaults={
            "at": clock.now(),
            "by": doer.by[:200],
            "verb": verb,
            "reason": doer.reason[:500],
            "object": subject.shown[:200],
            "domain": subject.domain,
        },
    )
    return act if fresh else None


def end(act: Act, outcome: str) -> None:
    """Record what came of it."""
    Act.objects.filter(pk=act.pk).update(outcome=outcome[:500])


def record(doer: Doer, verb: str, subject: Subject, outcome: str) -> None:
    """Record what was done in the transaction that does it."""
    act = begin(doer, verb, subject)
    if act is not None:
        end(act, outcome)


def system_user() -> str:
    """Return who runs this process, as the operating system knows him."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user without a name
        return f"os:{os.getuid()}"
