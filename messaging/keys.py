"""Keys: those of the domains hosted here, and finding the one that must verify a peer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from django.db import transaction

from messaging import clock, peer_keys
from messaging.errors import CannotSign, KeyUnavailable, UnknownDomain
from messaging.models import DomainKey, HostedDomain, PeerKey
from messaging.remembered import Remembered
from messaging.signers import chosen, signer_of
from messaging.signing import PublicKey, SigningKey, read_key
from messaging.states import VERIFY_DOCUMENTS, VERIFY_MESSAGES, KeySource, KeyState
from messaging.syntax import ALIAS, HOME_AUTHORITY, is_domain, is_own_name, is_selector

log = structlog.get_logger(__name__)

_names: Remembered[str] = Remembered()
_signing: Remembered[tuple[str, SigningKey]] = Remembered()
_own: Remembered[PublicKey] = Remembered()


def forget_remembered() -> None:
    """Read domains and keys anew: they have been changed."""
    for remembered in (_names, _signing, _own):
        remembered.forget()


def create_domain(name: str, title: str = "") -> HostedDomain:
    """Host a domain, with a new key `pw1`; one that is hosted already is returned unchanged.

    Raises ValueError for what is no domain name, CannotSign when the signer makes no key.
    """
    if not is_own_name(name):
        raise ValueError(f"{name!r} is not a domain name")
    with transaction.atomic():
        domain, created = HostedDomain.objects.get_or_create(
            name=name.lower(), defaults={"title": title, "created_at": clock.now()}
        )
        if created:
            add_key(domain, KeyState.ACTIVE)
    return domain


def add_key(domain: HostedDomain, state: KeyState) -> DomainKey:
    """Make a key for a domain, under the next number. The caller guards that its state is free.

    Raises CannotSign when the signer makes none.
    """
    selectors = domain.keys.values_list("selector", flat=True)
    numbers = [int(text[2:]) for text in selectors if text[2:].isdecimal()]
    now = clock.now()
    key = DomainKey(
        domain=domain,
        selector=f"pw{max(numbers, default=0) + 1}",
        is_current=state == KeyState.ACTIVE,
        state=state,
        created_at=now,
        changed_at=now,
    )
    public, key.private_key = chosen().create(key.bound_to)
    key.public_key = public.spki
    key.save(force_insert=True)
    forget_remembered()
    log.info("key_created", key=str(key), state=str(state))
    return key


def hosted_name(to: str) -> str | None:
    """Return which domain hosted here is addressed as `to`, in any case; None when none is.

    `x.dom` is an alias of `x.pollyweb.org`, for own names only (protocol 2.9).
    """
    return _names.ask(to.lower(), partial(_read_hosted_name, to.lower()))


def require_hosted(domain: str) -> None:
    """Raise UnknownDomain unless this is the very name of a domain hosted here."""
    if not HostedDomain.objects.filter(pk=domain).exists():
        raise UnknownDomain(f"{domain} is not hosted here: manage.py domain create {domain}")


def _read_hosted_name(name: str) -> str | None:
    names = [name]
    if name.endswith(ALIAS):
        names.append(f"{name.removesuffix(ALIAS)}.{HOME_AUTHORITY}")
    return HostedDomain.objects.filter(name__in=names).values_list("name", flat=True).first()


def signing_key(name: str) -> tuple[str, SigningKey]:
    """Return selector and private key that a hosted domain signs with now.

    Raises UnknownDomain, or CannotSign when the key does not open or is another than it was.
    """
    found = _signing.ask(name.lower(), partial(_read_signing_key, name.lower()))
    if found is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return found


def _read_signing_key(name: str) -> tuple[str, SigningKey] | None:
    key = DomainKey.objects.filter(domain_id=name, is_current=True).first()
    if key is None:
        return None
    private = signer_of(key.private_key).open(key.bound_to, key.private_key)
    if private.public.spki != key.public_key:
        raise CannotSign(f"the private half of {key} is that of another key")
    return key.selector, private


def published_key(name: str) -> tuple[str, PublicKey]:
    """Return selector and public key that a hosted domain signs with. Raises UnknownDomain."""
    key = DomainKey.objects.filter(domain_id=name.lower(), is_current=True).first()
    if key is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return key.selector, PublicKey.from_text(key.public_key)


def signs_since(name: str) -> datetime:
    """Return since when a hosted domain signs with its key. Raises UnknownDomain."""
    key = DomainKey.objects.filter(domain_id=name.lower(), is_current=True).first()
    if key is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return key.changed_at or key.created_at


def known_key(domain: str, selector: str) -> PublicKey | None:
    """Return the key that a domain's messages verify under, without asking DNS: hosted, else
    pinned, else from DNS and not expired."""
    domain, selector = domain.lower(), selector.lower()
    own = _own.ask((domain, selector), partial(_read_own_key, domain, selector, VERIFY_MESSAGES))
    return peer_keys.fresh(domain, selector) if own is None else own


def document_key(domain: str, selector: str) -> PublicKey | None:
    """Return the key that a domain's documents verify under, as far as it was ever seen here.

    Old selectors are kept: tokens outlive rotations. None for a compromised one.
    """
    domain, selector = domain.lower(), selector.lower()
    if hosts(domain):
        return _read_own_key(domain, selector, VERIFY_DOCUMENTS)
    return peer_keys.ever(domain, selector)


def hosts(domain: str) -> bool:
    """Say whether this very domain is hosted here: of those our own table knows best."""
    return HostedDomain.objects.filter(name=domain.lower()).exists()


def _read_own_key(domain: str, selector: str, states: tuple[KeyState, ...]) -> PublicKey | None:
    keys = DomainKey.objects.filter(domain_id=domain, selector=selector, state__in=states)
    key = keys.first()
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
    public, claim = _find(domain.lower(), selector.lower())
    return public if claim is None else claim.public


def verified(
    domain: str, selector: str, verifies: Callable[[PublicKey], bool]
) -> tuple[PublicKey | None, bool]:
    """Return the key of a domain, and whether `verifies` holds with it: only then is it kept.

    May take seconds, so never inside a transaction (RuntimeError). Raises KeyUnavailable.
    """
    domain, selector = domain.lower(), selector.lower()
    public, claim = _find(domain, selector)
    if claim is not None:
        public = claim.public
    good = public is not None and verifies(public)
    if claim is not None and good:
        peer_keys.keep(domain, selector, claim)
    return public, good


def _find(domain: str, selector: str) -> tuple[PublicKey | None, peer_keys.Claim | None]:
    """Return a key that is known here, or else what DNS claims."""
    public = known_key(domain, selector)
    if public is not None or not (is_domain(domain) and is_selector(selector)) or hosts(domain):
        return public, None
    return None, peer_keys.ask(domain, selector)


def pin_key(domain: str, selector: str, text: str) -> PeerKey:
    """Trust this key of a peer from now on, whatever DNS says; replaces an earlier one.

    Raises ValueError for a name, selector or key that is none.
    """
    if not is_own_name(domain) or not is_selector(selector):
        raise ValueError("give a domain and a selector such as pw1")
    key, _ = PeerKey.objects.update_or_create(
        domain=domain.lower(),
        selector=selector.lower(),
        defaults={
            "public_key": read_key(text).spki,
            "source": KeySource.PINNED,
            "expires_at": None,
            "created_at": clock.now(),
        },
    )
    return key
