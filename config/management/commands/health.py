"""`manage.py health`: whether all that is owed is being done; for a monitor, or an operator."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min

from messaging import clock
from messaging.models import Destination, OutboxMessage
from messaging.states import BreakerState, OutboxState
from operators.commands import LOOKS, OperatorsCommand
from scripts.models import Ready, Run, ScriptVersion
from scripts.states import RunState


class Command(OperatorsCommand):
    """One line for each thing to watch; status 1 when one of them is bad."""

    does = {"": LOOKS}

    help = "Say how old the oldest work is, and what operators have to look at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--oldest", type=float, default=60, help="seconds that work may be overdue (60)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        allowed = timedelta(seconds=options["oldest"])
        lines = [
            _overdue("run", Ready.objects.aggregate(at=Min("due_at"))["at"], allowed),
            _overdue("message", _due_messages(), allowed),
            _none("runs set aside", Run.objects.filter(state=RunState.QUARANTINED).count()),
            _none(
                "script versions stopped", ScriptVersion.objects.exclude(stopped_at=None).count()
            ),
            _none("messages given up in a day", _lately_dead()),
            _none("destinations that do not answer", _down()),
        ]
        for good, text in lines:
            self.stdout.write(f"{'ok ' if good else 'BAD'} {text}")
        if not all(good for good, _ in lines):
            raise SystemExit(1)


def _overdue(what: str, due_at: datetime | None, allowed: timedelta) -> tuple[bool, str]:
    if due_at is None:
        return True, f"oldest {what} that is due: none"
    late = max(clock.now() - due_at, timedelta())
    return late <= allowed, f"oldest {what} that is due: {late.total_seconds():.0f} s late"


def _none(what: str, count: int) -> tuple[bool, str]:
    return not count, f"{what}: {count}"


def _due_messages() -> datetime | None:
    due = OutboxMessage.objects.filter(state=OutboxState.DUE)
    at: datetime | None = due.aggregate(at=Min("due_at"))["at"]
    return at


def _stopped() -> int:
    return ScriptVersion.objects.exclude(stopped_at=None).count()


def _lately_dead() -> int:
    since = clock.now() - timedelta(days=1)
    return OutboxMessage.objects.filter(state=OutboxState.DEAD, finished_at__gt=since).count()


def _down() -> int:
    return Destination.objects.exclude(state=BreakerState.CLOSED).count()
