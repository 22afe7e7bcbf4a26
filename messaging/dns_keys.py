"""Peers' keys in DNS: two DNSSEC-validated look-ups and the DKIM record (protocol 2.8)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver
from django.conf import settings
from dns.rdtypes.ANY.TXT import TXT

from messaging.errors import KeyUnavailable
from messaging.signing import PublicKey

LIFETIME_SECONDS = 5.0
DNS_PORT = 53
EDNS_PAYLOAD = 1232


@dataclass(frozen=True)
class FoundKey:
    """A key that DNS vouches for during `ttl_seconds`."""

    public: PublicKey
    ttl_seconds: int


def look_up(domain: str, selector: str) -> FoundKey | None:
    """Return the key that `domain` publishes under `selector`; None when it publishes none.

    Takes up to some seconds. Both answers must carry the AD flag: an answer that the resolver
    has not validated counts as no key. Raises KeyUnavailable when DNS cannot say.
    """
    resolver = _resolver()
    delegation = _ask(resolver, f"pw.{domain}", dns.rdatatype.DS)
    records = _ask(resolver, f"{selector}._domainkey.pw.{domain}", dns.rdatatype.TXT)
    if delegation is None or records is None or records.rrset is None:
        return None
    for text in _texts(records):
        public = read_record(text)
        if public is not None:
            ttl = min(rrset.ttl for rrset in records.response.answer)
            return FoundKey(public, ttl)
    return None


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    servers = [server_address(entry) for entry in settings.DNS_RESOLVERS]
    resolver.nameservers = [host for host, _ in servers]
    resolver.nameserver_ports = dict(servers)
    resolver.use_edns(0, dns.flags.DO, EDNS_PAYLOAD)
    resolver.flags = dns.flags.RD | dns.flags.AD
    resolver.lifetime = LIFETIME_SECONDS
    return resolver


def server_address(entry: str) -> tuple[str, int]:
    """Return address and port of `127.0.0.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`.

    Raises ValueError.
    """
    bracketed = entry.startswith("[")
    host, _, port = entry.rpartition(":") if bracketed or entry.count(":") == 1 else (entry, "", "")
    return str(ipaddress.ip_address(host.strip("[]"))), int(port or DNS_PORT)


def _ask(
    resolver: dns.resolver.Resolver, name: str, kind: dns.rdatatype.RdataType
) -> dns.resolver.Answer | None:
    """Return the validated answer, which may be empty; None for NXDOMAIN or an unvalidated one."""
    try:
        answer = resolver.resolve(
            dns.name.from_text(name), kind, search=False, raise_on_no_answer=False
        )
    except dns.resolver.NXDOMAIN:
        return None
    except dns.exception.DNSException as error:
        raise KeyUnavailable(f"DNS does not answer for {name}: {error}") from error
    return answer if answer.response.flags & dns.flags.AD else None


def _texts(answer: dns.resolver.Answer) -> Iterator[str]:
    for record in answer:
        if isinstance(record, TXT):
            yield b"".join(record.strings).decode("ascii", errors="replace")


def read_record(text: str) -> PublicKey | None:
    """Return the Ed25519 key of a DKIM record; None when it holds none that can be used."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(), value.strip())
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k") != "ed25519":
        return None
    try:
        return PublicKey.from_text(tags.get("p", ""))
    except ValueError:
        return None


def record_name(domain: str, selector: str) -> str:
    """Return the name of the TXT record that publishes a key."""
    return f"{selector}._domainkey.pw.{domain}"


def record_value(public: PublicKey) -> str:
    """Return the value of the TXT record that publishes a key."""
    return f"v=DKIM1; k=ed25519; p={public.dkim}"
