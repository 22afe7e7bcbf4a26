"""What a complete flow may cost, so that no gain of docs/benchmarks.md is lost unseen."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import remembered
from scripts.models import Run
from tests.flows.steps import TICKET
from tests.person import Person, response
from tests.pump import pump

STATEMENTS_A_RUN = 24  # with all that a person, the inbox and the outbox do for it


def flow(person: Person) -> None:
    """Play from the locator to the talker's last line."""
    chat = person.open(TICKET)
    person.answer_last(chat, Answer="Alice")
    person.answer_last(chat, Result="YES")
    token = person.waiting("Save@Notifier")[-1]["Token"]
    assert response(person.download(chat, "theatre.test", token))["Token"] == token
    assert person.saved("theatre.test", token).status == 200
    pump()
    assert person.lines(chat)[-1].startswith("DONE Your ticket")


def test_complete_flow_keeps_to_its_budget_of_statements(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is remembered for seconds is read as often as the machine is slow.
    monkeypatch.setattr(remembered, "monotonic", lambda: 0.0)
    flow(alice)  # compiles and remembers what later flows find
    runs = Run.objects.count()
    with CaptureQueriesContext(connection) as statements:
        flow(alice)
    kinds = Counter(statement["sql"].split()[0] for statement in statements)
    selects = [s["sql"] for s in statements if s["sql"].startswith("SELECT")]
    looks = sum("due_at" in sql or "purge_at" in sql for sql in selects)  # of the sweeper
    started = Run.objects.count() - runs
    assert started >= 39
    assert len(statements) - looks <= STATEMENTS_A_RUN * started, kinds
    assert kinds["SAVEPOINT"] <= started + 5  # the one that takes back what a failed script wrote
