"""One sender cannot use up what the inbox has for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from messaging import caller, clock, inbox
from messaging.envelope import ANONYMOUS, Envelope
from messaging.inbox import Answer
from messaging.models import InboxMessage, KeyLookup, Refusal
from messaging.rates import LIMITS, parse_rate
from tests.messaging.parties import THEATRE, Desk, Peer, pinned_peer
from tests.parties import domain_message


@pytest.fixture(autouse=True)
def _two_a_minute(settings: Any) -> None:
    settings.SENDER_RATE = "2/min"


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


# -- whose share it is ---------------------------------------------------------------------------


@pytest.fixture
def tight(settings: Any) -> None:
    """Two of everything, within a minute."""
    for limit in LIMITS.values():
        setattr(settings, limit.setting, "2/min")


def test_wallet_has_its_share_and_one_may_not_use_up_that_of_another(
    theatre: str, desk: Desk, settings: Any
) -> None:
    settings.PERSON_RATE = "12/min"  # and so two within ten seconds
    assert statuses(lambda: desk.wallet.message("Saved@Broker")) == [200, 200, 429]
    clock.move(10)
    assert statuses(lambda: desk.wallet.message("Saved@Broker")) == [200, 200, 429]


def statuses(make: Callable[[], bytes], count: int = 3) -> list[int]:
    return [inbox.receive(make()).status for _ in range(count)]


def unsigned(subject: str) -> bytes:
    envelope = Envelope.build(
        sender=ANONYMOUS, to=THEATRE, subject=subject, body={}, now=clock.now()
    )
    return envelope.to_bytes()


def test_stranger_has_the_share_of_his_address(theatre: str, tight: None) -> None:
    with caller.calling("192.0.2.1"):
        assert statuses(lambda: unsigned("Manifest@Domain"))[2] == 429
    with caller.calling("192.0.2.2"):
        assert statuses(lambda: unsigned("Manifest@Domain"), 1) != [429]


def test_look_ups_of_an_address_are_counted(theatre: str, tight: None, settings: Any) -> None:
    settings.DNS_RESOLVERS = ["127.0.0.1:1"]
    asked = [Peer(f"unknown{number}.test", "pw1") for number in range(3)]
    with caller.calling("192.0.2.1"):
        for peer in asked:
            assert inbox.receive(peer.message("Offered@Issuer")).status == 503
    assert KeyLookup.objects.count() == 2


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
@pytest.mark.parametrize("path", ["/inbox", "/wallet/about", "/api/schema"])
def test_network_of_ipv6_is_one_share_at_every_door(
    client: Client, theatre: str, tight: None, path: str, first: str, second: str, same: bool
) -> None:
    def ask(address: str) -> int:
        return client.generic(
            "POST" if path == "/inbox" else "GET", path, b"{}", "application/json",
            REMOTE_ADDR=address,
        ).status_code  # fmt: skip

    assert [ask(first) == 429 for _ in range(3)] == [False, False, True]
    assert (ask(second) == 429) is same


def test_refusal_says_when_to_come_again(client: Client, theatre: str, tight: None) -> None:
    answers = [client.get("/wallet/about") for _ in range(3)]
    assert answers[2].status_code == 429
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_who_was_proved_at_an_address_is_not_counted_with_strangers_there(
    client: Client, broker: Peer, settings: Any
) -> None:
    settings.INBOX_RATE, settings.SENDER_RATE = "2/min", "100/min"

    def post(raw: bytes, identity: str) -> int:
        with caller.calling("192.0.2.1", identity):
            return client.post("/inbox", raw, content_type="application/json").status_code

    assert [post(b"{}", "") for _ in range(3)] == [422, 422, 429]
    assert post(broker.message("Offered@Issuer"), "broker.test") == 200
