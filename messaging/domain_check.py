"""Looking at a domain as a stranger does: address, keys in DNS, DNSSEC, TLS, the inbox."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import dns.rdatatype

from messaging import clock, dns_keys, keys
from messaging.envelope import ANONYMOUS, Envelope
from messaging.errors import CannotSign, KeyUnavailable, Unreachable
from messaging.models import DomainKey
from messaging.signing import PublicKey
from messaging.states import VERIFY_MESSAGES
from messaging.syntax import is_domain
from messaging.transport import inbox_url, post, tls_context

CONNECT_SECONDS = 5.0
RENEW_BEFORE = timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """One thing that a domain needs, in words, and whether it is so."""

    holds: bool
    text: str


def findings(name: str) -> list[Finding]:
    """Return all that peers need of a domain hosted here or elsewhere. Takes seconds.

    Raises ValueError for what is no domain name.
    """
    if not is_domain(name):
        raise ValueError(f"{name!r} is not a domain name")
    name = name.lower()
    return [*_private_key(name), *_address(name), *_published(name), *_tls(name), _inbox(name)]


def _private_key(name: str) -> Iterator[Finding]:
    if not keys.hosts(name):
        yield Finding(False, f"{name} is not hosted here: domain create {name}")
        return
    try:
        selector, _ = keys.signing_key(name)
        yield Finding(True, f"{selector}, the key that signs, opens")
    except CannotSign as error:
        yield Finding(False, f"the key that signs cannot be used: {error}. Look at FIELD_KEYS")


def _address(name: str) -> Iterator[Finding]:
    resolver = dns_keys.new_resolver()
    host, found = f"pw.{name}", set[str]()
    for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
        try:
            found.update(dns_keys.ask(resolver, host, kind).addresses)
        except KeyUnavailable as error:
            yield Finding(False, f"address of {host}: {error}. Look at DNS_RESOLVERS")
            return
    listed = ", ".join(sorted(found))
    yield Finding(
        bool(found),
        f"{host} has the address {listed}" if found else f"{host} has no A or AAAA record",
    )


def _published(name: str) -> Iterator[Finding]:
    for key in DomainKey.objects.filter(domain_id=name, state__in=VERIFY_MESSAGES):
        record = dns_keys.record_name(name, key.selector)
        try:
            found = dns_keys.look_up(name, key.selector)
        except Exception as error:  # noqa: BLE001 - the other keys are looked at all the same
            yield Finding(False, f"{record}: {error}")
            continue
        if isinstance(found, dns_keys.NoKey):
            yield Finding(False, f"TXT for {key.selector} ({key.state}): {found.why}")
            continue
        same = found.public == PublicKey.from_text(key.public_key)
        other = "holds another key than the one here: publish what `domain dns` prints"
        yield Finding(same, f"{record} {'is published and validated' if same else other}")


def _tls(name: str) -> Iterator[Finding]:
    address = urlsplit(inbox_url(name))
    if address.scheme != "https":
        yield Finding(False, f"{inbox_url(name)} is not https: PEER_ROUTES is for development")
        return
    host = str(address.hostname)
    try:
        with (
            socket.create_connection((host, address.port or 443), CONNECT_SECONDS) as plain,
            tls_context().wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        yield Finding(False, f"the certificate of {host} does not verify: {error.verify_message}")
        return
    except OSError as error:
        yield Finding(False, f"{host} takes no TLS connection: {error}")
        return
    seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    ends = datetime.fromtimestamp(seconds, UTC)
    late = ends - clock.now() < RENEW_BEFORE
    text = f"the certificate of {host} verifies and ends on {ends:%Y-%m-%d}"
    yield Finding(not late, f"{text}: renew it" if late else text)


def _inbox(name: str) -> Finding:
    """Ask the inbox for the domain's manifest, unsigned, as anybody may."""
    question = Envelope.build(
        sender=ANONYMOUS, to=name, subject="Manifest@Domain", body={}, now=clock.now()
    )
    url = inbox_url(name)
    try:
        reply = post(name, question.to_bytes())
        answer = json.loads(reply.body)
    except Unreachable as error:
        return Finding(False, f"{url} does not answer: {error}")
    except ValueError:
        return Finding(False, f"{url} answers {reply.status} with something that is not JSON")
    if reply.status == 200 and isinstance(answer, dict) and "Response" in answer:
        return Finding(True, f"{url} answers Manifest@Domain")
    return Finding(False, f"{url} answers {reply.status} to Manifest@Domain: is it this server?")
