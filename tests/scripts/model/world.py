"""The edges of the engine in this test: a clock that stands still, faults, a peer, and a look."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from messaging import points
from messaging.errors import Unreachable
from messaging.transport import Reply
from tests.messaging.parties import Peer

START = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
TABLES = (
    *("scripts_signal", "scripts_ready", "scripts_timer", "scripts_runevent", "scripts_hook"),
    "scripts_quarantine",
    *("scripts_run", "host_prompt", "messaging_outboxmessage"),
)


class Died(BaseException):
    """The process is gone: nothing of ours may catch this, and open transactions roll back."""


@dataclass
class Moment:
    """Stands in for the clock: moves only when told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Fault:
    """What goes wrong in one operation: `error` is raised at the n-th passage of a named point."""

    point: str = ""
    passage: int = 1
    error: type[BaseException] = Died


@dataclass
class Trace:
    """The points that one operation passed, in order; raises the planned fault.

    A point inside a transaction that the fault cut is not among them when it would stand for a
    commit.
    """

    fault: Fault
    seen: list[str] = field(default_factory=list)
    struck: bool = False

    def __call__(self, name: str) -> None:
        if name == self.fault.point and self.seen.count(name) + 1 == self.fault.passage:
            self.struck = True
            if not name.endswith("_before_commit"):
                self.seen.append(name)
            raise self.fault.error(name)
        self.seen.append(name)


@contextmanager
def traced(fault: Fault) -> Iterator[Trace]:
    """Follow the points of one operation; what the fault kills ends here."""
    trace = Trace(fault)
    points.follow(trace)
    try:
        yield trace
    except (Died, fault.error):
        if not trace.struck:
            raise
    finally:
        points.follow(None)


@dataclass
class Partner:
    """A peer beyond HTTP: it may answer, refuse, be down, or lose its answer on the way back."""

    peer: Peer
    mood: str = "answers"
    got: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def post(self, recipient: str, raw: bytes) -> Reply:
        header = json.loads(raw)["Header"]
        if self.mood == "is down":
            raise Unreachable("connection refused")
        self.got[header["Correlation"]].add(header["Subject"])
        if self.mood == "refuses":
            return Reply(403, b"{}")
        if self.mood == "loses its answer":
            raise Unreachable("the connection broke")
        answer = self.peer.envelope(
            header["Subject"], {"Status": "FINE"}, correlation=header["Correlation"]
        )
        return Reply(200, json.dumps({"Response": answer.to_dict()}).encode())


def empty() -> None:
    """Delete the rows of the last sequence: far cheaper than a flush of all tables."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scripts_run SET hook_id = NULL")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


@cache
def _statement(question: Callable[[], QuerySet[Any]]) -> tuple[str, tuple[Any, ...]]:
    return question().values("pk")[:1].query.sql_with_params()


def answers(question: Callable[[], QuerySet[Any]]) -> bool:
    """Return whether a query without arguments finds a row; it is written as SQL only once."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(question))
        return cursor.fetchone() is not None
