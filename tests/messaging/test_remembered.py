"""What a process remembers of its keys, and when it asks again."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import keys, remembered
from messaging.models import DomainKey, HostedDomain
from messaging.signing import PrivateKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that `remembered` sees; change the first to move them."""
    seconds = [100.0]
    monkeypatch.setattr("messaging.remembered.monotonic", lambda: seconds[0])
    return seconds


def test_repeated_questions_cost_one_statement_each(clock: list[float]) -> None:
    keys.create_domain("theatre.test")
    with CaptureQueriesContext(connection) as statements:
        for _ in range(5):
            assert keys.hosted_name("Theatre.TEST") == "theatre.test"
            assert keys.signing_key("theatre.test")[0] == "pw1"
            assert keys.known_key("theatre.test", "pw1") is not None
    assert len(statements) == 3


def test_new_domain_counts_at_once(clock: list[float]) -> None:
    assert keys.hosted_name("theatre.test") is None
    HostedDomain.objects.create(name="theatre.test", created_at="2026-01-01T00:00:00Z")
    assert keys.hosted_name("theatre.test") == "theatre.test"


def test_change_by_another_process_counts_within_two_seconds(clock: list[float]) -> None:
    keys.create_domain("theatre.test")
    before = keys.known_key("theatre.test", "pw1")
    other = PrivateKey.generate().public
    DomainKey.objects.update(public_key=other.spki)
    HostedDomain.objects.filter(name="nobody.test").delete()
    clock[0] += remembered.SECONDS - 0.01
    assert keys.known_key("theatre.test", "pw1") == before
    clock[0] += 0.02
    assert keys.known_key("theatre.test", "pw1") == other
    DomainKey.objects.all().delete()
    clock[0] += remembered.SECONDS
    assert keys.known_key("theatre.test", "pw1") is None


def test_what_a_transaction_takes_back_was_never_known(clock: list[float]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        keys.create_domain("theatre.test")
        assert keys.hosted_name("theatre.test") == "theatre.test"
        assert keys.signing_key("theatre.test")
        raise RuntimeError
    assert keys.hosted_name("theatre.test") is None


def test_many_questions_do_not_fill_the_memory(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST", 3)
    memory: remembered.Remembered[int] = remembered.Remembered()
    for number in range(10):
        assert memory.ask(number, partial(int, "7")) == 7
    assert len(memory._known) <= 3
