"""Keys: those of the domains hosted here, and finding the one that must verify a peer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q

from messaging import clock, dns_keys
from messaging.errors import KeyUnavailable, UnknownDomain
from messaging.models import DomainKey, HostedDomain, PeerKey
from messaging.remembered import Remembered
from messaging.rows import refuse_in_transaction
from messaging.sealing import seal, unseal
from messaging.signing import PrivateKey, PublicKey
from messaging.states import KeySource
from messaging.syntax import is_domain, is_selector

log = structlog.get_logger(__name__)

FIRST_SELECTOR = "pw1"
SHORTEST_TTL = timedelta(seconds=60)
LONGEST_TTL = timedelta(days=1)

_names: Remembered[str] = Remembered()
_signing: Remembered[tuple[str, PrivateKey]] = Remembered()
_own: Remembered[PublicKey] = Remembered()


def forget_remembered() -> None:
    """Read domains and keys anew: they have been changed."""
    for remembered in (_names, _signing, _own):
        remembered.forget()


def create_domain(name: str, title: str = "") -> HostedDomain:
    """Host a domain, with a new key `pw1`; one that is hosted already is returned unchanged.

    Raises ValueError for what is no domain name.
    """
    if not is_domain(name):
        raise ValueError(f"{name!r} is not a domain name")
    with transaction.atomic():
        domain, created = HostedDomain.objects.get_or_create(
            name=name.lower(), defaults={"title": title, "created_at": clock.now()}
        )
        if created:
            _add_key(domain, FIRST_SELECTOR)
    return domain


def _add_key(domain: HostedDomain, selector: str) -> DomainKey:
    private = PrivateKey.generate()
    key = DomainKey(
        domain=domain,
        selector=selector,
        public_key=private.public.spki,
        created_at=clock.now(),
    )
    key.private_key = seal(private.seed(), bound_to=key.bound_to)
    key.save(force_insert=True)
    forget_remembered()
    return key


def hosted_name(to: str) -> str | None:
    """Return which domain hosted here is addressed as `to`, in any case; None when none is.

    `x.dom` is an alias of `x.pollyweb.org`, for own names only (protocol 2.9).
    """
    return _names.ask(to.lower(), partial(_read_hosted_name, to.lower()))


def _read_hosted_name(name: str) -> str | None:
    names = [name]
    if name.endswith(".dom"):
        names.append(name.removesuffix("dom") + "pollyweb.org")
    return HostedDomain.objects.filter(name__in=names).values_list("name", flat=True).first()


def signing_key(name: str) -> tuple[str, PrivateKey]:
    """Return selector and private key that a hosted domain signs with now.

    Raises UnknownDomain, or SealBroken when the stored key does not open.
    """
    found = _signing.ask(name.lower(), partial(_read_signing_key, name.lower()))
    if found is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return found


def _read_signing_key(name: str) -> tuple[str, PrivateKey] | None:
    key = DomainKey.objects.filter(domain_id=name, is_current=True).first()
    if key is None:
        return None
    return key.selector, PrivateKey.from_seed(unseal(key.private_key, bound_to=key.bound_to))


def published_key(name: str) -> tuple[str, PublicKey]:
    """Return selector and public key of a hosted domain, for its DNS. Raises UnknownDomain."""
    key = DomainKey.objects.filter(domain_id=name.lower(), is_current=True).first()
    if key is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return key.selector, PublicKey.from_text(key.public_key)


def known_key(domain: str, selector: str) -> PublicKey | None:
    """Return the key of a domain without asking DNS: hosted, else pinned, else still cached."""
    domain, selector = domain.lower(), selector.lower()
    own = _own.ask((domain, selector), partial(_read_own_key, domain, selector))
    if own is not None:
        return own
    fresh = Q(source=KeySource.PINNED) | Q(expires_at__gt=clock.now())
    peer = PeerKey.objects.filter(fresh, domain=domain, selector=selector).first()
    return None if peer is None else PublicKey.from_text(peer.public_key)


def _read_own_key(domain: str, selector: str) -> PublicKey | None:
    key = DomainKey.objects.filter(domain_id=domain, selector=selector).first()
    return None if key is None else PublicKey.from_text(key.public_key)


def key_of(domain: str, selector: str) -> PublicKey | None:
    """Return the key of a domain: hosted, pinned, cached, or else what DNS says now.

    May take seconds, so never inside a transaction (RuntimeError). None when there is no such
    key, or when DNS does not answer.
    """
    try:
        return find_key(domain, selector)
    except KeyUnavailable as error:
        log.warning("key_unavailable", domain=domain, selector=selector, error=str(error))
        return None


def find_key(domain: str, selector: str) -> PublicKey | None:
    """Do what key_of does, but raise KeyUnavailable when DNS cannot say: "not now" is not "no"."""
    domain, selector = domain.lower(), selector.lower()
    public = known_key(domain, selector)
    if public is not None or not (is_domain(domain) and is_selector(selector)):
        return public
    if HostedDomain.objects.filter(name=domain).exists():
        return None  # of our own domains this table knows best
    refuse_in_transaction()
    found = dns_keys.look_up(domain, selector)
    if found is None:
        return None
    _keep(domain, selector, found)
    return found.public


def _keep(domain: str, selector: str, found: dns_keys.FoundKey) -> None:
    ttl = min(max(timedelta(seconds=found.ttl_seconds), SHORTEST_TTL), LONGEST_TTL)
    values = {"public_key": found.public.spki, "expires_at": clock.now() + ttl}
    cached = PeerKey.objects.filter(domain=domain, selector=selector, source=KeySource.DNS)
    if not cached.update(**values):
        fresh = PeerKey(
            domain=domain,
            selector=selector,
            source=KeySource.DNS,
            created_at=clock.now(),
            **values,
        )
        # A key pinned in this moment stays: the operator's word is above DNS.
        PeerKey.objects.bulk_create([fresh], ignore_conflicts=True)


def pin_key(domain: str, selector: str, text: str) -> PeerKey:
    """Trust this key of a peer from now on, whatever DNS says; replaces an earlier one.

    Raises ValueError for a name, selector or key that is none.
    """
    if not is_domain(domain) or not is_selector(selector):
        raise ValueError("give a domain and a selector such as pw1")
    key, _ = PeerKey.objects.update_or_create(
        domain=domain.lower(),
        selector=selector.lower(),
        defaults={
            "public_key": PublicKey.from_text(text).spki,
            "source": KeySource.PINNED,
            "expires_at": None,
            "created_at": clock.now(),
        },
    )
    return key


def forget_expired_keys() -> int:
    """Delete cached keys a day after they expired; return how many."""
    limit = clock.now() - LONGEST_TTL
    expired = PeerKey.objects.filter(source=KeySource.DNS, expires_at__lt=limit)
    # Asked every second by the sweep: only a real deletion takes SQLite's write lock.
    return expired.delete()[0] if expired.exists() else 0
