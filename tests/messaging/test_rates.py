"""One sender cannot use up what the inbox has for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from messaging import clock, inbox
from messaging.inbox import Answer
from messaging.models import InboxMessage, Refusal
from messaging.rates import parse_rate
from tests.messaging.parties import THEATRE, Desk, Peer, pinned_peer
from tests.parties import domain_message


@pytest.fixture(autouse=True)
def _empty_cache(settings: Any) -> Iterator[None]:
    cache.clear()
    settings.SENDER_RATE = "2/min"
    yield
    cache.clear()


def test_sender_is_limited_and_others_are_not(broker: Peer, desk: Desk) -> None:
    charlie = pinned_peer("charlie.test")
    answers = [inbox.receive(broker.message("Offered@Issuer")) for _ in range(3)]
    assert answers == [Answer(200), Answer(200), Answer(429, {"Error": "Too many messages"})]
    assert inbox.receive(charlie.message("Offered@Issuer")) == Answer(200)
    assert inbox.receive(desk.wallet.message("Saved@Broker")) == Answer(200)
    assert Refusal.objects.get().reason == "rate"
    assert InboxMessage.objects.count() == 4


def test_other_spelling_of_a_name_is_no_other_sender(broker: Peer) -> None:
    for name, status in (("broker.test", 200), ("Broker.Test", 200), ("BROKER.TEST", 429)):
        broker.name = name
        assert inbox.receive(broker.message("Offered@Issuer")).status == status


def test_forged_messages_use_up_nothing(broker: Peer) -> None:
    forger = Peer(broker.name, broker.selector)
    for _ in range(5):
        assert inbox.receive(forger.message("Offered@Issuer")).status == 401
    assert inbox.receive(broker.message("Offered@Issuer")).status == 200


def test_next_minute_is_another(broker: Peer) -> None:
    for status in (200, 200, 429):
        assert inbox.receive(broker.message("Offered@Issuer")).status == status
    clock.move(60)
    assert inbox.receive(broker.message("Offered@Issuer")).status == 200


def test_what_is_hosted_here_is_not_limited(theatre: str, desk: Desk) -> None:
    for _ in range(4):
        raw = domain_message(THEATRE, THEATRE, "Offered@Issuer", {})
        assert inbox.receive(raw).status == 200


def test_rates_are_read(theatre: str) -> None:
    assert parse_rate("6000/min") == (6000, 60)
    assert parse_rate("5/sec") == (5, 1)
    for text in ("", "5", "0/min", "-1/min", "5/week", "x/min"):
        with pytest.raises(ValueError, match="rate"):
            parse_rate(text)
