"""Statements composed once do what the manager's would."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import clock, rows
from messaging.keys import create_domain
from messaging.models import DomainKey, HostedDomain, OutboxMessage, Refusal

BY_KEY = rows.Select(OutboxMessage, "key")
LOCKED = rows.Select(OutboxMessage, "pk", lock=rows.FOR_NO_KEY_UPDATE)
NEWEST_FIRST = rows.Select(OutboxMessage, "origin", rest="ORDER BY created_at DESC")
STEP = rows.Update(OutboxMessage, "pk", "fence", sets=("fence", "response", "signed_at"))


def message(key: str = "one", **fields: object) -> OutboxMessage:
    now = clock.now()
    given: dict[str, object] = {
        "origin": "run",
        "body": {"N": [1, None, True], "T": "ü"},
        "due_at": now,
    }
    return OutboxMessage(key=key, correlation=uuid4(), **{"created_at": now, **given, **fields})


@pytest.mark.django_db
def test_inserted_row_reads_back_as_the_manager_reads_it() -> None:
    row = message(expires_at=clock.now() + timedelta(days=1))
    assert rows.insert_new(row)
    read, managed = BY_KEY.get("one"), OutboxMessage.objects.get(key="one")
    names = [field.attname for field in OutboxMessage._meta.concrete_fields]
    assert [getattr(read, n) for n in names] == [getattr(managed, n) for n in names]
    assert (read.pk, read.body, read.due_at) == (row.pk, row.body, row.due_at)
    read.last_error = "known to be stored: updated, not inserted"
    read.save()


@pytest.mark.django_db
def test_insert_of_a_taken_key_changes_nothing_in_one_statement() -> None:
    assert rows.insert_new(message())
    with CaptureQueriesContext(connection) as statements:
        assert not rows.insert_new(message(origin="another"))
    assert len(statements) == 1
    assert OutboxMessage.objects.get().origin == "run"


@pytest.mark.django_db
def test_insert_leaves_serial_keys_to_the_database() -> None:
    days = [clock.now().date() - timedelta(days=n) for n in range(2)]
    assert [rows.insert_new(Refusal(day=day, reason="JSON")) for day in days] == [True, True]
    assert Refusal.objects.values("pk").distinct().count() == 2


@pytest.mark.django_db
def test_update_writes_only_where_the_keys_hold() -> None:
    row = message()
    rows.insert_new(row)
    now = clock.now()
    assert STEP(1, {"A": None}, now, row.pk, 7) == 0
    assert STEP(1, {"A": None}, now, row.pk, 0) == 1
    row.refresh_from_db()
    assert (row.fence, row.response, row.signed_at) == (1, {"A": None}, now)
    assert STEP(2, None, None, row.pk, 1) == 1
    assert OutboxMessage.objects.filter(response__isnull=True, signed_at=None, fence=2).exists()


@pytest.mark.django_db
def test_select_keeps_its_order_and_finds_nothing_politely() -> None:
    for number in range(3):
        rows.insert_new(message(str(number), created_at=clock.now() + timedelta(hours=number)))
    assert [row.key for row in NEWEST_FIRST.all("run")] == ["2", "1", "0"]
    assert NEWEST_FIRST.first("nobody") is None
    with pytest.raises(OutboxMessage.DoesNotExist):
        BY_KEY.get("none")


@pytest.mark.django_db(transaction=True)
def test_lock_needs_a_transaction_where_there_are_locks() -> None:
    rows.insert_new(message())
    key = OutboxMessage.objects.get().pk
    with transaction.atomic(), CaptureQueriesContext(connection) as statements:
        assert LOCKED.get(key).key == "one"
    if not connection.features.has_select_for_update:
        return
    assert statements[0]["sql"].endswith("FOR NO KEY UPDATE")
    with pytest.raises(transaction.TransactionManagementError):
        LOCKED.get(key)


@pytest.mark.django_db(transaction=True)
def test_work_on_the_network_is_refused_in_a_transaction() -> None:
    rows.refuse_in_transaction()
    with transaction.atomic(), pytest.raises(RuntimeError):
        rows.refuse_in_transaction()
    assert not HostedDomain.objects.exists()


WITH_DOMAIN = rows.Select(DomainKey, "selector", follow="domain")


@pytest.mark.django_db
def test_followed_row_comes_along_in_one_statement() -> None:
    create_domain("theatre.test", "The Guild theatre")
    with CaptureQueriesContext(connection) as statements:
        key = WITH_DOMAIN.get("pw1")
        assert key.domain.title == "The Guild theatre"
    assert len(statements) == 1
    assert (key, key.domain) == (DomainKey.objects.get(), HostedDomain.objects.get())
    assert key.private_key == DomainKey.objects.get().private_key


@pytest.mark.django_db
def test_statements_that_travel_together_count_their_rows_one_by_one() -> None:
    row = message()
    rows.insert_new(row)
    with CaptureQueriesContext(connection) as statements:
        counts = rows.together(
            rows.insertion(message("two")),
            rows.insertion(message("two")),
            STEP.statement(1, {"A": 1}, None, row.pk, 0),
            STEP.statement(1, {"A": 1}, None, row.pk, 0),
        )
    assert counts == [1, 0, 1, 0]
    assert len(statements) == (1 if connection.vendor == "postgresql" else 4)


@pytest.mark.django_db(transaction=True)
def test_row_is_ours_only_while_our_transaction_that_wrote_it_is_open() -> None:
    """Also when a savepoint wrote it, and not when another transaction did."""
    if not rows.others_write():
        pytest.skip("on SQLite nobody else writes meanwhile, and nobody asks")
    domain = HostedDomain.objects.create(name="theatre.test", created_at=clock.now())
    with transaction.atomic():
        assert not rows.is_ours(HostedDomain, domain.pk)
        with transaction.atomic():
            HostedDomain.objects.filter(pk=domain.pk).update(title="The Guild")
        assert rows.is_ours(HostedDomain, domain.pk)
        assert not rows.is_ours(HostedDomain, "library.test")
    with transaction.atomic():
        assert not rows.is_ours(HostedDomain, domain.pk)
