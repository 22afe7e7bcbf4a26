"""Keys: of hosted domains, and of peers in the order hosted, pinned, cached, DNS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dns.rcode
import pytest
from django.db import transaction

from messaging import clock, dns_keys, keys, peer_keys
from messaging.errors import KeyUnavailable, UnknownDomain
from messaging.models import DomainKey, HostedDomain, PeerKey
from messaging.signing import PrivateKey, PublicKey
from messaging.states import KeySource
from tests.messaging.dns_server import Zone, dns_server

pytestmark = pytest.mark.django_db
PEER = "broker.test"
KEY, OTHER, THIRD = (PrivateKey.generate().public for _ in range(3))


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


def signed(public: PublicKey) -> bool:
    """Stands for a message whose signature verifies."""
    return True


def test_created_domain_signs_with_pw1() -> None:
    domain = keys.create_domain("Theatre.test", "The Guild")
    assert (domain.name, domain.title) == ("theatre.test", "The Guild")
    selector, private = keys.signing_key("THEATRE.test")
    assert selector == "pw1"
    assert keys.key_of("theatre.test", "pw1") == private.public
    assert keys.published_key("theatre.test") == ("pw1", private.public)
    assert isinstance(private, PrivateKey)
    assert private.seed().hex() not in DomainKey.objects.get().private_key


def test_creating_a_domain_again_changes_nothing() -> None:
    keys.create_domain("theatre.test", "The Guild")
    _, before = keys.signing_key("theatre.test")
    assert keys.create_domain("theatre.test", "Other").title == "The Guild"
    assert keys.signing_key("theatre.test")[1] == before


def test_what_is_no_domain_is_not_hosted() -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        keys.create_domain("localhost")
    assert not HostedDomain.objects.exists()


def test_stranger_has_no_signing_key() -> None:
    with pytest.raises(UnknownDomain):
        keys.signing_key("charlie.test")
    with pytest.raises(UnknownDomain):
        keys.published_key("charlie.test")


def test_alias_is_accepted_for_own_names_only() -> None:
    keys.create_domain("theatre.pollyweb.org")
    keys.create_domain("theatre.test")
    assert keys.hosted_name("theatre.dom") == "theatre.pollyweb.org"
    assert keys.hosted_name("THEATRE.test") == "theatre.test"
    assert keys.hosted_name("other.dom") is None


def test_order_is_hosted_pinned_cached_dns(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    assert keys.key_of(PEER, "pw1") == KEY
    keys.pin_key(PEER, "pw1", OTHER.spki)
    assert keys.key_of(PEER, "pw1") == OTHER
    keys.create_domain(PEER)
    assert keys.key_of(PEER, "pw1") == keys.signing_key(PEER)[1].public


def test_hosted_domain_is_never_looked_up(zone: Zone) -> None:
    keys.create_domain("theatre.test")
    zone.publish("theatre.test", "pw9", dns_keys.record_value(KEY))
    assert keys.key_of("theatre.test", "pw9") is None
    assert zone.asked == []


def test_key_from_dns_is_cached_for_its_ttl(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    assert keys.known_key(PEER, "pw1") is None
    assert keys.verified("Broker.test", "PW1", signed) == (KEY, True)
    assert [kind for _, kind in zone.asked] == ["DS", "TXT"]
    assert keys.known_key(PEER, "pw1") == keys.key_of(PEER, "pw1") == KEY
    assert len(zone.asked) == 2
    zone.publish(PEER, "pw1", dns_keys.record_value(OTHER))
    clock.move(601)
    assert keys.known_key(PEER, "pw1") is None
    assert keys.verified(PEER, "pw1", signed) == (OTHER, True)
    assert PeerKey.objects.get().source == KeySource.DNS


@pytest.mark.parametrize(("ttl", "kept"), [(0, 60), (7, 60), (3600, 3600), (10**6, 86400)])
def test_ttl_has_a_floor_and_a_ceiling(zone: Zone, ttl: int, kept: int) -> None:
    zone.ttl = ttl
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    keys.verified(PEER, "pw1", signed)
    expires_at = PeerKey.objects.get().expires_at
    assert expires_at is not None
    assert abs(expires_at - clock.now() - timedelta(seconds=kept)) < timedelta(seconds=5)


def test_answer_that_is_not_validated_is_no_key(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    zone.validated = False
    assert keys.find_key(PEER, "pw1") is None


def test_missing_names_are_no_key(zone: Zone) -> None:
    assert keys.find_key(PEER, "pw1") is None
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    del zone.records[f"pw.{PEER}.", "DS"]  # NXDOMAIN: the delegation itself is not there
    assert keys.find_key(PEER, "pw1") is None


def test_failing_resolver_is_not_a_no(zone: Zone) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    with pytest.raises(KeyUnavailable):
        keys.find_key(PEER, "pw1")
    assert keys.key_of(PEER, "pw1") is None
    assert not PeerKey.objects.exists()


@pytest.mark.parametrize(("domain", "selector"), [("localhost", "pw1"), (PEER, "a.b"), (PEER, "")])
def test_misspelt_names_are_not_looked_up(zone: Zone, domain: str, selector: str) -> None:
    assert keys.key_of(domain, selector) is None
    assert zone.asked == []


@pytest.mark.django_db(transaction=True)
def test_dns_is_never_asked_inside_a_transaction(zone: Zone) -> None:
    keys.pin_key(PEER, "pw1", KEY.spki)
    with transaction.atomic():
        assert keys.key_of(PEER, "pw1") == KEY
        with pytest.raises(RuntimeError):
            keys.key_of(PEER, "pw2")
    assert zone.asked == []


@pytest.mark.parametrize(
    ("record", "usable"),
    [
        (f"v=DKIM1; k=ed25519; p={KEY.dkim}", True),
        (f" k = ed25519 ;p={KEY.dkim};", True),
        (f"v=DKIM1;k=ed25519;p={KEY.spki}", True),
        (f"v=DKIM2; k=ed25519; p={KEY.dkim}", False),
        (f"v=DKIM1; p={KEY.dkim}", False),
        (f"v=DKIM1; k=rsa; p={KEY.dkim}", False),
        ("v=DKIM1; k=ed25519; p=", False),
        ("v=DKIM1; k=ed25519; p=AAAA", False),
        ("", False),
    ],
    ids=range(9),  # the key is new in every run
)
def test_dkim_record_is_read(record: str, usable: bool) -> None:
    assert dns_keys.read_record(record) == (KEY if usable else None)


def test_first_usable_record_wins_and_strings_are_joined(zone: Zone) -> None:
    value = dns_keys.record_value(KEY)
    split = f'{value[:30]}" "{value[30:]}'
    zone.publish(PEER, "pw1", "v=spf1 -all", "v=DKIM1; k=ed25519; p=", split)
    assert keys.key_of(PEER, "pw1") == KEY


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_resolver_address_is_read(entry: str, expected: tuple[str, int]) -> None:
    assert dns_keys.server_address(entry) == expected


def test_pinning_replaces_and_refuses_nonsense() -> None:
    keys.pin_key("Broker.test", "pw1", KEY.dkim)
    keys.pin_key(PEER, "pw1", OTHER.spki)
    assert keys.known_key(PEER, "pw1") == OTHER
    for arguments in (("localhost", "pw1", KEY.spki), (PEER, "", KEY.spki), (PEER, "pw1", "x")):
        with pytest.raises(ValueError):
            keys.pin_key(*arguments)
    assert PeerKey.objects.count() == 1


def test_key_pinned_during_a_look_up_stays(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    claim = peer_keys.ask(PEER, "pw1")
    assert claim is not None
    keys.pin_key(PEER, "pw1", OTHER.spki)
    peer_keys.keep(PEER, "pw1", claim)
    assert keys.known_key(PEER, "pw1") == OTHER


def test_keys_are_kept_for_documents_as_long_as_tokens_may_live(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    keys.verified(PEER, "pw1", signed)
    keys.pin_key(PEER, "pw2", OTHER.spki)
    clock.move(700 * 86400)
    peer_keys.prune()
    assert keys.known_key(PEER, "pw1") is None
    assert keys.document_key(PEER, "pw1") == KEY
    clock.move(60 * 86400)
    assert peer_keys.prune() == 1
    assert keys.document_key(PEER, "pw1") is None
    assert keys.known_key(PEER, "pw2") == OTHER
