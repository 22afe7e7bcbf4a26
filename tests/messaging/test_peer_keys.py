"""Keys from DNS: one process asks, the others wait; "no" and "not now" are remembered too."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import dns.rcode
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection, connections, transaction

from messaging import caller, clock, dns_keys, inbox, keys, peer_keys
from messaging.errors import KeyUnavailable
from messaging.models import KeyLookup, PeerKey
from messaging.signing import PrivateKey, PublicKey, RsaPublicKey, read_key
from messaging.states import LookupOutcome
from tests.messaging.dns_server import Zone, dns_server
from tests.messaging.parties import Desk, Peer

pytestmark = pytest.mark.django_db
PEER = "broker.test"
PRIVATE = PrivateKey.generate()
KEY = PRIVATE.public
AT_ONCE = 3


def signed(public: PublicKey) -> bool:
    """Stands for a message whose signature verifies."""
    return True


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


@pytest.mark.django_db(transaction=True)
def test_of_threads_that_need_a_key_one_asks(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    zone.pause = 0.2
    gate, found = threading.Barrier(AT_ONCE), []

    def find() -> None:
        gate.wait()
        try:
            found.append(keys.find_key(PEER, "pw1"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=find) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [KEY] * AT_ONCE
    assert [kind for _, kind in zone.asked] == ["DS", "TXT"]


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_need_a_key_one_asks(zone: Zone, settings: Any) -> None:
    """Another process, on this database, asks at the same time."""
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    zone.pause = 0.3
    program = f"""
        import django
        django.setup()
        from django.conf import settings
        settings.DNS_RESOLVERS = [{zone.address!r}]
        settings.DATABASES["default"]["NAME"] = {str(connection.settings_dict["NAME"])!r}
        from messaging import keys
        print("ready", flush=True)
        input()
        print(keys.find_key({PEER!r}, "pw1").spki)
    """
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("\n")
        other.stdin.flush()
        time.sleep(0.1)
        assert keys.find_key(PEER, "pw1") == KEY
        assert other.stdout.readline() == f"{KEY.spki}\n"
    assert [kind for _, kind in zone.asked] == ["DS", "TXT"]


@pytest.mark.django_db(transaction=True)
def test_dns_is_not_asked_inside_a_transaction_however_it_is_asked(zone: Zone) -> None:
    for act in (keys.find_key, peer_keys.ask, dns_keys.look_up):
        with transaction.atomic(), pytest.raises(RuntimeError):
            act(PEER, "pw1")
    assert zone.asked == []


def test_no_is_remembered_for_the_time_that_the_zone_says(zone: Zone) -> None:
    zone.negative_ttl = 40
    assert keys.find_key(PEER, "pw1") is None
    asked = len(zone.asked)
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    clock.move(39)
    assert keys.find_key(PEER, "pw1") is None
    assert len(zone.asked) == asked
    clock.move(2)
    assert keys.find_key(PEER, "pw1") == KEY


@pytest.mark.parametrize(("ttl", "kept"), [(0, 10), (40, 40), (10**6, 60)])
def test_no_has_a_floor_and_a_ceiling(zone: Zone, ttl: int, kept: int) -> None:
    zone.negative_ttl = ttl
    assert keys.find_key(PEER, "pw1") is None
    until = KeyLookup.objects.get().until
    assert until is not None
    assert abs((until - clock.now()).total_seconds() - kept) < 5


def test_not_now_is_remembered_for_seconds(zone: Zone) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            keys.find_key(PEER, "pw1")
    assert len(zone.asked) == 1
    zone.rcode = dns.rcode.NOERROR
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    clock.move(6)
    assert keys.find_key(PEER, "pw1") == KEY


@pytest.mark.parametrize("kind", ["DS", "TXT"])
def test_each_of_both_answers_must_be_validated(zone: Zone, kind: str) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    zone.unvalidated = {kind}
    assert keys.find_key(PEER, "pw1") is None
    lookup = KeyLookup.objects.get()
    assert lookup.outcome == LookupOutcome.MISSING
    assert "not validated with DNSSEC" in lookup.detail


def test_look_up_of_a_process_that_died_is_taken_over(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    assert peer_keys._claim(PEER, "pw1") == 1
    assert peer_keys._claim(PEER, "pw1") is None
    clock.move(peer_keys.LEASE.total_seconds() + 1)
    assert keys.find_key(PEER, "pw1") == KEY
    assert KeyLookup.objects.get().fence == 2


def test_withdrawn_key_is_forgotten_for_documents_too(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    assert keys.verified(PEER, "pw1", signed) == (KEY, True)
    clock.move(601)
    assert keys.document_key(PEER, "pw1") == KEY
    zone.publish(PEER, "pw1", dns_keys.WITHDRAWN)
    assert keys.find_key(PEER, "pw1") is None
    assert keys.document_key(PEER, "pw1") is None


def test_key_that_only_went_away_still_verifies_documents(zone: Zone) -> None:
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    assert keys.verified(PEER, "pw1", signed) == (KEY, True)
    clock.move(601)
    zone.records[f"pw1._domainkey.pw.{PEER}.", "TXT"] = []
    assert keys.find_key(PEER, "pw1") is None
    assert keys.document_key(PEER, "pw1") == KEY


def test_domain_cannot_fill_the_table_with_its_keys(zone: Zone) -> None:
    for number in range(peer_keys.MOST_OF_A_DOMAIN + 5):
        peer_keys.keep(PEER, f"pw{number}", peer_keys.Claim(KEY, clock.now()))
    assert PeerKey.objects.count() == peer_keys.MOST_OF_A_DOMAIN


def test_look_ups_that_are_over_are_pruned(zone: Zone) -> None:
    keys.find_key(PEER, "pw1")
    assert peer_keys.prune() == 0
    clock.move(61)
    assert peer_keys.prune() == 1


# -- what is in flight, and what nobody foresaw --------------------------------------------------

LONG = ".".join(["a" * 61] * 4) + ".test"  # 252 characters: a domain, but no room for its record


def test_name_too_long_for_dns_is_no_key_and_leaves_no_row(theatre: str) -> None:
    peer = Peer(LONG, "pw1")
    assert inbox.receive(peer.message("Offered@Issuer")).status == 401
    assert not KeyLookup.objects.exists()


@pytest.mark.parametrize("fault", [RuntimeError("odd"), ValueError("odd"), KeyError("odd")])
def test_unforeseen_fault_of_a_look_up_is_not_now_and_leaves_no_claim(
    theatre: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fails(domain: str, selector: str) -> None:
        raise fault

    monkeypatch.setattr(dns_keys, "look_up", fails)
    peer = Peer("charlie.test", "pw1")
    assert inbox.receive(peer.message("Offered@Issuer")).status == 503
    lookup = KeyLookup.objects.get()
    assert lookup.claimed_until <= clock.now()
    assert (lookup.outcome, peer_keys.IN_FLIGHT.taken_now) == (LookupOutcome.FAILED, 0)


def test_fault_that_ends_the_request_leaves_no_claim_either(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(domain: str, selector: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dns_keys, "look_up", ends)
    with pytest.raises(KeyboardInterrupt):
        peer_keys.ask(PEER, "pw1")
    monkeypatch.undo()
    zone.publish(PEER, "pw1", dns_keys.record_value(KEY))
    began = time.monotonic()
    assert keys.find_key(PEER, "pw1") == KEY
    assert time.monotonic() - began < 2
    assert peer_keys.IN_FLIGHT.taken_now == 0


@pytest.mark.parametrize("shared", ["zone", "caller"])
@pytest.mark.django_db(transaction=True)
def test_look_ups_at_once_are_bounded_for_a_zone_and_for_a_caller(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, shared: str
) -> None:
    """The rest are told to come again at once; nobody waits with them."""
    zone.pause = 0.2
    gate = threading.Barrier(AT_ONCE + 3)
    told: list[object] = []

    def find(number: int) -> None:
        domain = f"n{number}.evil.test" if shared == "zone" else f"evil{number}.test"
        gate.wait()
        try:
            with caller.calling(f"192.0.2.{number}" if shared == "zone" else "192.0.2.1"):
                told.append(keys.find_key(domain, "pw1"))
        except KeyUnavailable as error:
            told.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=find, args=(n,)) for n in range(AT_ONCE + 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [text for text in told if text and shared in str(text)]
    assert len(refused) == 3
    assert KeyLookup.objects.count() == AT_ONCE


# -- RSA ----------------------------------------------------------------------------------------


def rsa_text(private: RSAPrivateKey) -> str:
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


class RsaKey:
    """An RSA private key of another domain."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self.private = private
        self.public = RsaPublicKey.from_text(rsa_text(private))

    def sign(self, data: bytes) -> str:
        return base64.b64encode(self.private.sign(data, PKCS1v15(), SHA256())).decode()


@pytest.mark.parametrize("bits", [2048, 4096])
def test_message_of_a_domain_with_an_rsa_key_is_accepted(
    zone: Zone, theatre: str, desk: Desk, bits: int
) -> None:
    key = RsaKey(generate_private_key(65537, bits))
    zone.publish(PEER, "pw1", *parted(f"v=DKIM1; k=rsa; p={key.public.spki}"))
    peer = Peer(PEER, "pw1", key)  # type: ignore[arg-type]
    envelope = peer.envelope("Offered@Issuer")
    assert inbox.receive(envelope.to_bytes()).status == 200
    assert keys.known_key(PEER, "pw1") == key.public
    assert read_key(PeerKey.objects.get().public_key).algorithm == "rsa"
    assert not key.public.verify(envelope.canonical() + b" ", envelope.signature)
    assert not key.public.verify(envelope.canonical(), envelope.signature + "\n")


def parted(value: str) -> list[str]:
    """Return one record in strings of 200 characters, as DNS wants them."""
    return ['" "'.join(value[start : start + 200] for start in range(0, len(value), 200))]


@pytest.mark.parametrize(("exponent", "bits"), [(65537, 1024), (3, 2048)])
def test_weak_rsa_key_is_no_key(exponent: int, bits: int) -> None:
    text = rsa_text(generate_private_key(exponent, bits))
    assert dns_keys.read_record(f"v=DKIM1; k=rsa; p={text}") is None
    with pytest.raises(ValueError):
        read_key(text)


def test_key_of_another_kind_than_it_says_is_no_key() -> None:
    rsa = rsa_text(generate_private_key(65537, 2048))
    assert dns_keys.read_record(f"v=DKIM1; k=ed25519; p={rsa}") is None
    assert dns_keys.read_record(f"v=DKIM1; k=rsa; p={KEY.spki}") is None
