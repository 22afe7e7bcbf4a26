"""Peers' keys in DNS: two DNSSEC-validated look-ups and the DKIM record (protocol 2.8)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver
from django.conf import settings
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from messaging.errors import KeyUnavailable
from messaging.rows import refuse_in_transaction
from messaging.signing import ED25519, RSA, PublicKey, RsaPublicKey

LIFETIME_SECONDS = 5.0
DNS_PORT = 53
EDNS_PAYLOAD = 1232
WITHDRAWN = f"v=DKIM1; k={ED25519}; p="


@dataclass(frozen=True)
class FoundKey:
    """A key that DNS vouches for during `ttl_seconds`."""

    public: PublicKey
    ttl_seconds: int


@dataclass(frozen=True)
class NoKey:
    """That DNS vouches for no key during `ttl_seconds`, and why, in words.

    `withdrawn` when the domain says itself, with a validated record, that the key is void.
    """

    ttl_seconds: int
    why: str
    withdrawn: bool = False


def look_up(domain: str, selector: str) -> FoundKey | NoKey:
    """Return the key that `domain` publishes under `selector`, or that it publishes none.

    Takes up to some seconds, so never inside a transaction (RuntimeError). Both answers must carry
    the AD flag: an answer that the resolver has not validated counts as no key. Raises
    KeyUnavailable when DNS cannot say.
    """
    refuse_in_transaction()
    resolver = new_resolver()
    delegation = ask(resolver, f"pw.{domain}", dns.rdatatype.DS)
    records = ask(resolver, record_name(domain, selector), dns.rdatatype.TXT)
    for answer in (delegation, records):
        if not answer.validated:
            return NoKey(0, f"{answer.name}: the answer is not validated with DNSSEC")
    if not delegation.exists:
        return NoKey(delegation.ttl_seconds, f"{delegation.name} does not exist")
    for text in records.texts:
        public = read_record(text)
        if public is not None:
            return FoundKey(public, records.ttl_seconds)
    withdrawn = any(is_withdrawn(text) for text in records.texts)
    why = "the key is withdrawn" if withdrawn else "there is no usable TXT record"
    return NoKey(records.ttl_seconds, f"{records.name}: {why}", withdrawn)


def new_resolver() -> dns.resolver.Resolver:
    """Return a resolver that asks the operator's validating ones, and for DNSSEC's word."""
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


@dataclass(frozen=True)
class Answer:
    """What the resolver said of one name and type; `ttl_seconds` also of "there is none"."""

    name: str
    exists: bool
    validated: bool
    ttl_seconds: int
    texts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def ask(resolver: dns.resolver.Resolver, name: str, kind: dns.rdatatype.RdataType) -> Answer:
    """Return the resolver's answer. Raises KeyUnavailable when there is none."""
    try:
        asked = dns.name.from_text(name)
        found = resolver.resolve(asked, kind, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN as error:
        return _answer(name, error.response(asked))  # type: ignore[no-untyped-call]
    except dns.exception.DNSException as error:
        raise KeyUnavailable(f"DNS does not answer for {name}: {error}") from error
    answer = _answer(name, found.response)
    texts = tuple(_texts(found))
    addresses = tuple(record.address for record in found if isinstance(record, (A, AAAA)))
    return replace(answer, exists=True, texts=texts, addresses=addresses)


def _answer(name: str, response: dns.message.QueryMessage) -> Answer:
    validated = bool(response.flags & dns.flags.AD)
    return Answer(name, False, validated, _ttl(response))


def _ttl(response: dns.message.QueryMessage) -> int:
    """Return how long an answer holds; of "there is none", what the SOA says (RFC 2308)."""
    ttls = [rrset.ttl for rrset in response.answer]
    if not any(rrset.rdtype in (dns.rdatatype.TXT, dns.rdatatype.DS) for rrset in response.answer):
        ttls = [
            min(rrset.ttl, record.minimum)
            for rrset in response.authority
            for record in rrset
            if isinstance(record, SOA)
        ]
    return min(ttls, default=0)


def _texts(answer: dns.resolver.Answer) -> Iterator[str]:
    for record in answer:
        if isinstance(record, TXT):
            yield b"".join(record.strings).decode("ascii", errors="replace")


def read_record(text: str) -> PublicKey | None:
    """Return the key of a DKIM record, Ed25519 or RSA; None when it holds none that can be used."""
    tags = _tags(text)
    if tags.get("v", "DKIM1") != "DKIM1":
        return None
    kinds = {ED25519: PublicKey, RSA: RsaPublicKey}
    kind = kinds.get(tags.get("k", ""))
    try:
        return None if kind is None else kind.from_text(tags.get("p", ""))
    except ValueError:
        return None


def is_withdrawn(text: str) -> bool:
    """Say whether a record revokes its key: an empty `p`, as in DKIM."""
    tags = _tags(text)
    return tags.get("v", "DKIM1") == "DKIM1" and tags.get("p") == ""


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(), value.strip())
    return tags


def may_publish(domain: str, selector: str) -> bool:
    """Say whether the name of a key's record is one that DNS can have: 253 characters at most."""
    try:
        dns.name.from_text(record_name(domain, selector))
    except dns.exception.DNSException:
        return False
    return True


def record_name(domain: str, selector: str) -> str:
    """Return the name of the TXT record that publishes a key."""
    return f"{selector}._domainkey.pw.{domain}"


def record_value(public: PublicKey) -> str:
    """Return the value of the TXT record that publishes a key."""
    return f"v=DKIM1; k=ed25519; p={public.dkim}"
