"""Pruning: in windows, for a bounded time, by one process a rule; a bad row stops no other."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from messaging import clock, retention
from messaging.ids import uuid4
from messaging.models import OutboxMessage, Pruning
from messaging.retention import Calls, Ends, days
from tests.pruning import faults, prune_all

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400
RULE = "messaging.OutboxMessage 0"


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """The outbox is the only table that is pruned."""
    rule = Ends(days("SENT"), "finished_at", born="created_at")
    monkeypatch.setattr(retention, "tables", {"messaging.OutboxMessage": (rule,)})
    monkeypatch.setattr(retention, "needs", {})
    return rule


def sent(count: int) -> list[OutboxMessage]:
    now = clock.now()
    return OutboxMessage.objects.bulk_create(
        OutboxMessage(
            key=str(uuid4()),
            sender="theatre.test",
            recipient="broker.test",
            subject="Offered@Issuer",
            correlation=uuid4(),
            body={},
            state="SENT",
            due_at=now,
            created_at=now,
            finished_at=now,
        )
        for _ in range(count)
    )


def change(monkeypatch: pytest.MonkeyPatch, **rule: Any) -> None:
    changed = Ends(days("SENT"), "finished_at", born="created_at", **rule)
    monkeypatch.setattr(retention, "tables", {"messaging.OutboxMessage": (changed,)})


def test_rows_go_window_by_window_and_younger_ones_stay(only: Ends) -> None:
    sent(retention.WINDOW + 50)
    clock.move(15 * DAY)
    young = sent(3)
    assert retention.prune(60) == {RULE: retention.WINDOW + 50}
    assert OutboxMessage.objects.count() == len(young)
    row = Pruning.objects.get()
    assert (row.removed, row.position, row.fault) == (retention.WINDOW + 50, "", "")
    assert row.due_at - clock.now() > retention.REST - timedelta(minutes=1)


def test_pass_ends_when_its_time_is_over_and_the_next_goes_on(
    only: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, first=lambda found: time.sleep(0.3))
    sent(2 * retention.WINDOW)
    clock.move(15 * DAY)
    assert retention.prune(0) == {}
    assert retention.prune(0.2) == {RULE: retention.WINDOW}
    assert retention.prune(60) == {RULE: retention.WINDOW}


def test_bad_row_stops_no_other_and_is_told(only: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = sent(5)[2]

    def first(found: list[Any]) -> None:
        if bad.pk in [row.pk for row in found]:
            raise IntegrityError("something holds it")

    change(monkeypatch, first=first)
    clock.move(15 * DAY)
    assert prune_all() == {RULE: 4}
    assert OutboxMessage.objects.get().pk == bad.pk
    assert [str(bad.pk) in fault for fault in faults()] == [True]


def test_rule_that_fails_stops_no_other(only: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise LookupError("odd")

    rules = {"messaging.KeyLookup": (Calls(broken, "x"),), "messaging.OutboxMessage": (only,)}
    monkeypatch.setattr(retention, "tables", rules)
    sent(1)
    clock.move(15 * DAY)
    assert prune_all() == {RULE: 1}
    assert faults() == ["messaging.KeyLookup 0: LookupError('odd')"]


def test_database_that_is_away_is_no_fault_of_a_row(
    only: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(found: list[Any]) -> None:
        raise OperationalError("away")

    change(monkeypatch, first=away)
    sent(1)
    clock.move(15 * DAY)
    with pytest.raises(OperationalError):
        retention.prune(60)
    assert faults() == []


def test_pass_with_nothing_to_do_costs_a_few_statements(only: Ends) -> None:
    sent(1000)
    prune_all()
    Pruning.objects.update(due_at=clock.now())
    with CaptureQueriesContext(
        connection,
    ) as looking:
        assert retention.prune(60) == {RULE: 0}
    assert len(looking) <= 7
    with CaptureQueriesContext(connection) as resting:
        assert retention.prune(60) == {}
    assert len(resting) <= 2


def test_rows_that_stay_for_good_are_passed_over_in_windows(
    only: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(3 * retention.WINDOW)
    change(monkeypatch, sift=lambda found: [])
    clock.move(15 * DAY)
    with CaptureQueriesContext(connection) as queries:
        assert retention.prune(60) == {RULE: 0}
    assert len(queries) < 40
    assert OutboxMessage.objects.count() == 3 * retention.WINDOW


def test_rule_is_worked_on_by_one_process_at_a_time(only: Ends) -> None:
    sent(1)
    clock.move(15 * DAY)
    retention.prune(0)
    Pruning.objects.update(due_at=clock.now() + retention.LEASE)
    assert retention.prune(60) == {}
    clock.move(61)  # who had it is dead
    assert retention.prune(60) == {RULE: 1}


def test_rule_of_another_release_is_forgotten(only: Ends) -> None:
    Pruning.objects.create(rule="messaging.Gone 0", due_at=clock.now())
    retention.prune(60)
    assert [row.rule for row in Pruning.objects.all()] == [RULE]
