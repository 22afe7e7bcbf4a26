"""The life of the keys of a domain hosted here: made, rotated, retired, compromised, sealed anew.

    NEXT -> ACTIVE -> PREVIOUS -> RETIRED ; any of them -> COMPROMISED

A rotation loses nothing: the next key is in DNS before it signs, and the one before keeps verifying
what is under way and, through PublicKey@Graph, the documents that it signed.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction

from messaging import clock, dns_keys, keys
from messaging.each import each
from messaging.errors import CannotSign, KeyLifeError, UnknownDomain
from messaging.models import DomainKey, HostedDomain, OutboxMessage
from messaging.rows import refuse_in_transaction
from messaging.sealing import is_sealed, reseal
from messaging.signers import signer_of
from messaging.signing import PublicKey
from messaging.states import VERIFY_MESSAGES, KeyState, OutboxState

log = structlog.get_logger(__name__)

# What a key signed last may be under way for so long: peers take messages of 300 seconds.
ON_THE_WAY = timedelta(seconds=600)


def create_next(name: str) -> DomainKey:
    """Make the key that the next rotation switches to, under the next free number.

    Publish it before that. Raises UnknownDomain, or KeyLifeError when there is one already.
    """
    with transaction.atomic():
        domain = _locked(name)
        waiting = domain.keys.filter(state=KeyState.NEXT).first()
        if waiting is not None:
            raise KeyLifeError(f"{waiting} is made already: publish it, then rotate")
        return keys.add_key(domain, KeyState.NEXT)


def _locked(name: str) -> HostedDomain:
    """Return the domain, locked: changes of its keys come one after the other."""
    domain = HostedDomain.objects.select_for_update(no_key=True).filter(name=name.lower()).first()
    if domain is None:
        raise UnknownDomain(f"{name} is not hosted here")
    return domain


def rotate(name: str, *, check_published: bool = True) -> tuple[DomainKey, DomainKey]:
    """Sign with the NEXT key from now on; return it and the one before.

    Other processes follow within two seconds; both keys verify meanwhile. Asks DNS first whether
    peers can find the new key, so never inside a transaction. Raises UnknownDomain, KeyLifeError.
    """
    if check_published:
        _require_published(name)
    with transaction.atomic():
        domain = _locked(name)
        following = _only(domain, KeyState.NEXT, "make the next key first: domain key create")
        before = _only(domain, KeyState.ACTIVE, "there is no key to rotate from")
        _move(before, KeyState.PREVIOUS)
        _move(following, KeyState.ACTIVE)
    keys.forget_remembered()
    return following, before


def _only(domain: HostedDomain, state: KeyState, otherwise: str) -> DomainKey:
    key = domain.keys.filter(state=state).first()
    if key is None:
        raise KeyLifeError(f"{domain.name}: {otherwise}")
    return key


def _require_published(name: str) -> None:
    refuse_in_transaction()
    key = DomainKey.objects.filter(domain_id=name.lower(), state=KeyState.NEXT).first()
    if key is None:
        return  # said under the lock
    found = dns_keys.look_up(key.domain_id, key.selector)
    if not isinstance(found, dns_keys.FoundKey) or found.public.spki != key.public_key:
        raise KeyLifeError(
            f"{key} is not in DNS yet (or not signed with DNSSEC): peers could not verify"
        )


def _move(key: DomainKey, state: KeyState) -> None:
    key.state, key.changed_at = state, clock.now()
    key.is_current = state == KeyState.ACTIVE
    key.save(update_fields=["state", "changed_at", "is_current", "private_key"])
    log.info("key_moved", key=str(key), state=str(state))


def retire(name: str, selector: str) -> DomainKey:
    """End a PREVIOUS (or an unused NEXT) key: its private half is destroyed, its record may go.

    The documents that it signed still verify through PublicKey@Graph. Raises UnknownDomain,
    KeyLifeError, CannotSign when a key service does not destroy it.
    """
    with transaction.atomic():
        key = _named(_locked(name), selector)
        if key.state not in (KeyState.PREVIOUS, KeyState.NEXT):
            raise KeyLifeError(f"{key} is {key.state}: only a PREVIOUS or NEXT key is retired")
        if key.state == KeyState.PREVIOUS and _age(key) < ON_THE_WAY:
            raise KeyLifeError(f"{key} signed minutes ago: retire it ten minutes after rotating")
        _destroy(key)
        _move(key, KeyState.RETIRED)
    keys.forget_remembered()
    return key


def _age(key: DomainKey) -> timedelta:
    return clock.now() - (key.changed_at or key.created_at)


def _named(domain: HostedDomain, selector: str) -> DomainKey:
    key = domain.keys.filter(selector=selector.lower()).first()
    if key is None:
        raise KeyLifeError(f"{domain.name} has no key {selector!r}")
    return key


def _destroy(key: DomainKey) -> None:
    if key.private_key:
        signer_of(key.private_key).destroy(key.bound_to, key.private_key)
    key.private_key = ""


def compromise(name: str, selector: str) -> tuple[DomainKey, DomainKey]:
    """Refuse from now on whatever this key has signed; return it and the one that signs.

    A thief chooses the dates of what he signs, so none of its messages and documents verify any
    more, old ones neither. If it was the signing key, the NEXT one takes over at once, or a new
    one: publish it. Messages that wait to be sent are signed again. Raises UnknownDomain,
    KeyLifeError.
    """
    with transaction.atomic():
        domain = _locked(name)
        key = _named(domain, selector)
        if key.state == KeyState.COMPROMISED:
            raise KeyLifeError(f"{key} is COMPROMISED already")
        signed = key.state == KeyState.ACTIVE
        kept, key.private_key = key.private_key, ""
        _move(key, KeyState.COMPROMISED)
        if signed:
            following = domain.keys.filter(state=KeyState.NEXT).first()
            if following is None:
                keys.add_key(domain, KeyState.ACTIVE)
            else:
                _move(following, KeyState.ACTIVE)
        current = _only(domain, KeyState.ACTIVE, "there is no key that signs")
        waiting = OutboxMessage.objects.filter(sender=domain.name, state=OutboxState.DUE)
        waiting.update(signed_at=None)
    keys.forget_remembered()
    log.warning("key_compromised", key=str(key))
    _destroy_later(key, kept)
    return key, current


def _destroy_later(key: DomainKey, kept: str) -> None:
    """Destroy a private half after the fact: a key service that is down must not delay the fact."""
    try:
        if kept:
            signer_of(kept).destroy(key.bound_to, kept)
    except CannotSign as error:
        log.error("key_not_destroyed", key=str(key), error=str(error))


def records(name: str) -> list[tuple[str, str]]:
    """Return name and value of every TXT record that a hosted domain publishes now.

    A compromised key is published without its key, which tells peers to refuse it; a retired one
    not at all. Raises UnknownDomain.
    """
    if not HostedDomain.objects.filter(name=name.lower()).exists():
        raise UnknownDomain(f"{name} is not hosted here")
    found = DomainKey.objects.filter(domain_id=name.lower()).order_by("created_at")
    published = [
        (key, dns_keys.record_value(PublicKey.from_text(key.public_key)))
        for key in found.filter(state__in=VERIFY_MESSAGES)
    ]
    withdrawn = [(key, dns_keys.WITHDRAWN) for key in found.filter(state=KeyState.COMPROMISED)]
    return [
        (dns_keys.record_name(key.domain_id, key.selector), value)
        for key, value in published + withdrawn
    ]


def reseal_keys() -> tuple[int, list[str]]:
    """Seal every private key under the first of FIELD_KEYS; return how many, and which are lost.

    When none is lost, the other FIELD_KEYS may be taken away.
    """
    lost: list[str] = []
    keys_here = DomainKey.objects.exclude(private_key="")
    changed = sum(
        each("key", keys_here, _resealed, lambda key, error: lost.append(f"{key}: {error}"))
    )
    log.info("keys_resealed", count=changed, lost=len(lost), signer=settings.SIGNER)
    return changed, lost


def _resealed(key: DomainKey) -> bool:
    """Seal one key anew, if it must be. Raises SealBroken."""
    with transaction.atomic():
        row = DomainKey.objects.select_for_update(no_key=True).get(pk=key.pk)
        again = (
            reseal(row.private_key, bound_to=row.bound_to) if is_sealed(row.private_key) else None
        )
        if again is None:
            return False
        row.private_key = again
        row.save(update_fields=["private_key"])
        return True
