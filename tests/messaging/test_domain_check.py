"""`manage.py domain check`: the world is real (DNS, TLS, an inbox), and what is missing is said."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
from django.core.management import CommandError, call_command

from messaging import key_life, keys, transport
from messaging.models import DomainKey
from tests.messaging.dns_server import Zone, dns_server
from tests.messaging.tls_server import make_certificate, tls_server

pytestmark = pytest.mark.django_db(transaction=True)
THEATRE = "theatre.test"


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    """DNS as it should be for the theatre."""
    keys.create_domain(THEATRE, "The Guild")
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        zone.records[f"pw.{THEATRE}.", "A"] = ["192.0.2.7"]
        publish(zone)
        yield zone


def publish(zone: Zone) -> None:
    for name, value in key_life.records(THEATRE):
        zone.publish(THEATRE, name.partition(".")[0], value)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path, "localhost")


@pytest.fixture
def served(certificate: Path, settings: Any, monkeypatch: Any) -> Iterator[None]:
    """The theatre's inbox, behind a certificate that this machine trusts."""
    transport.tls_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as port:
        settings.PEER_ROUTES = [f"{THEATRE}=https://localhost:{port}"]
        settings.OUTGOING_ALLOW = ["127.0.0.0/8", "::1/128"]
        yield
    transport.tls_context.cache_clear()


def check() -> tuple[list[str], list[str]]:
    """Return what holds and what is missing, as the command says it."""
    out = StringIO()
    try:
        call_command("domain", "check", THEATRE, stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        assert "are missing" in str(error)
    lines = [line for line in out.getvalue().splitlines() if line[:8] in ("ok      ", "MISSING ")]
    good = [line[8:] for line in lines if line.startswith("ok")]
    return good, [line[8:] for line in lines if line.startswith("MISSING")]


def test_domain_that_has_everything_is_said_to(zone: Zone, served: None) -> None:
    out = StringIO()
    call_command("domain", "check", THEATRE, stdout=out)
    assert out.getvalue().endswith("theatre.test: peers can talk to it.\n")
    good, missing = check()
    assert missing == []
    assert "pw.theatre.test has the address 192.0.2.7" in good
    assert "pw1._domainkey.pw.theatre.test is published and validated" in good
    assert any("certificate of localhost verifies" in line for line in good)
    assert any(line.endswith("answers Manifest@Domain") for line in good)


def test_missing_records_are_named(zone: Zone, served: None) -> None:
    zone.records.clear()
    _, missing = check()
    assert "pw.theatre.test has no A or AAAA record" in missing
    assert "TXT for pw1 (ACTIVE): pw.theatre.test does not exist" in missing


def test_unsigned_zone_is_named(zone: Zone, served: None) -> None:
    zone.validated = False
    _, missing = check()
    assert missing == [
        "TXT for pw1 (ACTIVE): pw.theatre.test: the answer is not validated with DNSSEC"
    ]


def test_next_key_that_is_not_published_is_named(zone: Zone, served: None) -> None:
    key_life.create_next(THEATRE)
    _, missing = check()
    assert missing == [
        "TXT for pw2 (NEXT): pw2._domainkey.pw.theatre.test: there is no usable TXT record"
    ]


def test_record_with_another_key_is_named(zone: Zone, served: None) -> None:
    key_life.create_next(THEATRE)
    [_, (_, other)] = key_life.records(THEATRE)
    zone.publish(THEATRE, "pw1", other)
    zone.publish(THEATRE, "pw2", other)
    _, missing = check()
    assert len(missing) == 1
    assert missing[0].startswith("pw1._domainkey.pw.theatre.test holds another key")


def test_resolver_that_is_down_is_named(zone: Zone, served: None) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    _, missing = check()
    assert any("Look at DNS_RESOLVERS" in line for line in missing)


def test_certificate_that_does_not_verify_is_named(
    zone: Zone, served: None, monkeypatch: Any, tmp_path: Path
) -> None:
    transport.tls_context.cache_clear()
    other = make_certificate(tmp_path, "other.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    _, missing = check()
    assert any("certificate of localhost does not verify" in line for line in missing)
    assert any("does not answer" in line for line in missing)


def test_certificate_that_ends_soon_is_named(
    zone: Zone, tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    file = make_certificate(tmp_path, "localhost", days=3)
    transport.tls_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with tls_server(file) as port:
        settings.PEER_ROUTES = [f"{THEATRE}=https://localhost:{port}"]
        settings.OUTGOING_ALLOW = ["127.0.0.0/8", "::1/128"]
        _, missing = check()
    transport.tls_context.cache_clear()
    assert len(missing) == 1
    assert missing[0].endswith("renew it")


def test_nothing_that_listens_is_named(zone: Zone, settings: Any) -> None:
    settings.PEER_ROUTES = [f"{THEATRE}=https://localhost:9"]
    settings.OUTGOING_ALLOW = ["127.0.0.0/8", "::1/128"]
    _, missing = check()
    assert any(line.startswith("localhost takes no TLS connection") for line in missing)


def test_key_that_does_not_open_and_foreign_domain_are_named(zone: Zone, served: None) -> None:
    DomainKey.objects.update(private_key="k1:AAAA")
    keys.forget_remembered()
    _, missing = check()
    assert any("cannot be used" in line and "FIELD_KEYS" in line for line in missing)
    with pytest.raises(CommandError, match="is not a domain name"):
        call_command("domain", "check", "localhost")
