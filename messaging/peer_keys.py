"""The keys of other domains: pinned, or from DNS; one process asks DNS for one key.

Anybody can make us ask, so what DNS says is a claim that is gone in a minute (KeyLookup). A key is
kept (PeerKey) once a signature has verified with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, Q, QuerySet

from messaging import caller, clock, dns_keys, rates, rows
from messaging.errors import KeyUnavailable
from messaging.models import HostedDomain, KeyLookup, PeerKey
from messaging.signing import PublicKey, read_key
from messaging.slots import Busy, Slots
from messaging.states import KeySource, LookupOutcome
from messaging.syntax import zone_of

log = structlog.get_logger(__name__)

# How long an answer is believed, whatever its TTL: a key, and that there is none.
KEY_TTL = (timedelta(seconds=60), timedelta(days=1))
MISSING_TTL = (timedelta(seconds=10), timedelta(seconds=60))
# Of a domain that is known here the next selector may be named, by anybody, just before its owner
# publishes it and rotates: a no must not outlive that.
KNOWN_MISSING_TTL = timedelta(seconds=5)
FAILED_TTL = timedelta(seconds=5)
# How long the row of a look-up stays, and how many of one zone and of all do.
CLAIM_LIFE = timedelta(seconds=60)
MOST_OF_A_ZONE = 50
MOST_CLAIMS = 5000
PRUNED_AT_ONCE = 500
# Longer than both look-ups may take; who claims a look-up and dies holds others up for so long.
LEASE = timedelta(seconds=2 * dns_keys.LIFETIME_SECONDS + 2)
LOOK_AGAIN_SECONDS = 0.05
# Who looks a key up, or waits for who does, holds a thread and a connection for seconds. Who
# has a zone can make names in it as he likes.
IN_FLIGHT = Slots(4, zone=3, caller=3)
# A key is kept after it expired for as long as a token may live, and not too many of one domain,
# which can publish as many as it likes.
HISTORY = timedelta(days=750)
MOST_OF_A_DOMAIN = 50


@dataclass(frozen=True)
class Claim:
    """A key that DNS vouches for until `expires_at`, and that has verified nothing yet."""

    public: PublicKey
    expires_at: datetime


def fresh(domain: str, selector: str) -> PublicKey | None:
    """Return the key if it is pinned, or from DNS and not expired."""
    valid = Q(source=KeySource.PINNED) | Q(expires_at__gt=clock.now())
    return _read(valid, domain, selector)


def ever(domain: str, selector: str) -> PublicKey | None:
    """Return the key if it was ever seen here, and the domain has not withdrawn it since."""
    return _read(Q(), domain, selector)


def _read(which: Q, domain: str, selector: str) -> PublicKey | None:
    # Of a domain that came to be hosted here, its own table knows best: also that a key is void.
    hosted = Exists(HostedDomain.objects.filter(name=domain))
    peer = PeerKey.objects.filter(which, ~hosted, domain=domain, selector=selector).first()
    try:
        return None if peer is None else read_key(peer.public_key)
    except ValueError as error:  # kept by an earlier release, which took it for one
        log.warning("peer_key_unusable", domain=domain, selector=selector, error=str(error))
        return None


def ask(domain: str, selector: str) -> Claim | None:
    """Return the key that DNS has for a domain, or had a moment ago; None when there is none.

    One process asks, the others wait for its answer. May take seconds, so never inside a
    transaction (RuntimeError). Raises KeyUnavailable when DNS cannot say now, and when too many
    look-ups are under way.
    """
    rows.refuse_in_transaction()
    if not dns_keys.may_publish(domain, selector):
        return None
    lookup = _held(domain, selector)
    if lookup is not None:
        return _answered(lookup)
    try:
        with IN_FLIGHT.taken(zone=zone_of(domain), caller=caller.now()):
            if caller.now() and rates.is_over("lookup", caller.now()):
                raise KeyUnavailable(f"{caller.now()} has had too many keys looked up")
            return _asked(domain, selector)
    except Busy as busy:
        raise KeyUnavailable(f"too many keys are looked up at once: {busy}") from None


def _held(domain: str, selector: str) -> KeyLookup | None:
    """Return the look-up whose outcome still holds, if there is one."""
    lookups = KeyLookup.objects.filter(domain=domain, selector=selector)
    return lookups.exclude(_over(clock.now())).first()


def _over(now: datetime) -> Q:
    """Tell an outcome that holds no longer, or is none yet."""
    found = Q(outcome=LookupOutcome.FOUND)
    no_key = Q(key_until=None) | Q(key_until__lte=now)
    return (found & no_key) | (~found & (Q(until=None) | Q(until__lte=now)))


def _asked(domain: str, selector: str) -> Claim | None:
    end = time.monotonic() + LEASE.total_seconds()
    while time.monotonic() <= end:
        lookup = _held(domain, selector)
        if lookup is not None:
            return _answered(lookup)
        with _claimed(domain, selector) as fence:
            if fence is not None:
                return _answered(_look_up(domain, selector, fence))
        time.sleep(LOOK_AGAIN_SECONDS)
    raise KeyUnavailable(f"nobody has found {selector} of {domain} in time")


@contextmanager
def _claimed(domain: str, selector: str) -> Iterator[int | None]:
    """Hold the look-up while the block runs, if nobody else does: gives its fence, or None.

    When the block raises, nobody has to wait for the end of the lease.
    """
    fence = _claim(domain, selector)
    try:
        yield fence
    except BaseException:
        if fence is not None:
            mine = KeyLookup.objects.filter(domain=domain, selector=selector, fence=fence)
            mine.filter(claimed_until__gt=clock.now()).update(claimed_until=clock.now())
        raise


def _answered(lookup: KeyLookup) -> Claim | None:
    if lookup.outcome == LookupOutcome.FAILED:
        raise KeyUnavailable(lookup.detail)
    if lookup.outcome != LookupOutcome.FOUND or lookup.key_until is None:
        return None
    return Claim(read_key(lookup.public_key), lookup.key_until)


def _claim(domain: str, selector: str) -> int | None:
    """Take the look-up for the length of a lease; return the fence, None when another has it."""
    now = clock.now()
    zone = zone_of(domain)
    first = KeyLookup(domain=domain, zone=zone, selector=selector, claimed_until=now + LEASE)
    if rows.insert_new(first):
        _make_room_of(zone)
        return first.fence
    free = KeyLookup.objects.filter(
        _over(now), domain=domain, selector=selector, claimed_until__lte=now
    )
    # One statement decides; the fence that it sets is read back under no lock, because only who
    # claims changes it and the lease is ours now.
    if not free.update(claimed_until=now + LEASE, fence=F("fence") + 1):
        return None
    mine = KeyLookup.objects.filter(domain=domain, selector=selector)
    return mine.values_list("fence", flat=True).first()


def _look_up(domain: str, selector: str, fence: int) -> KeyLookup:
    """Ask DNS, outside any transaction, and store what it said in one."""
    try:
        found: dns_keys.FoundKey | dns_keys.NoKey | KeyUnavailable = dns_keys.look_up(
            domain, selector
        )
    except KeyUnavailable as error:
        found = error
    except Exception as fault:  # what a zone says can make a library raise what it never says
        log.exception("key_lookup_failed", domain=domain, selector=selector)
        found = KeyUnavailable(repr(fault))
    now = clock.now()
    lookup = KeyLookup(domain=domain, selector=selector, fence=fence)
    with transaction.atomic():
        if isinstance(found, dns_keys.FoundKey):
            lookup.outcome, lookup.public_key = LookupOutcome.FOUND, found.public.spki
            lookup.key_until = now + _between(found.ttl_seconds, *KEY_TTL)
        elif isinstance(found, dns_keys.NoKey):
            lookup.outcome, lookup.detail = LookupOutcome.MISSING, found.why[:300]
            known = PeerKey.objects.filter(domain=domain).exists()
            no = KNOWN_MISSING_TTL if known else _between(found.ttl_seconds, *MISSING_TTL)
            lookup.until = now + no
            if found.withdrawn:
                _forget_withdrawn(domain, selector)
        else:
            lookup.outcome, lookup.detail = LookupOutcome.FAILED, str(found)[:300]
            lookup.until = now + FAILED_TTL
        mine = KeyLookup.objects.filter(domain=domain, selector=selector, fence=fence)
        mine.update(
            outcome=lookup.outcome,
            until=lookup.until,
            public_key=lookup.public_key,
            key_until=lookup.key_until,
            detail=lookup.detail,
            claimed_until=now,
        )
    log.info("key_looked_up", domain=domain, selector=selector, outcome=lookup.outcome)
    return lookup


def _between(seconds: int, floor: timedelta, ceiling: timedelta) -> timedelta:
    return min(max(timedelta(seconds=seconds), floor), ceiling)


def keep(domain: str, selector: str, claim: Claim) -> None:
    """Keep a key that DNS vouches for and that has verified; a pinned one stays as it is."""
    values = {"public_key": claim.public.spki, "expires_at": claim.expires_at}
    cached = PeerKey.objects.filter(domain=domain, selector=selector, source=KeySource.DNS)
    if not cached.update(**values):
        _make_room(domain)
        new = PeerKey(
            domain=domain,
            selector=selector,
            source=KeySource.DNS,
            created_at=clock.now(),
            **values,
        )
        # A key pinned in this moment stays: the operator's word is above DNS.
        PeerKey.objects.bulk_create([new], ignore_conflicts=True)


def _make_room(domain: str) -> None:
    kept = PeerKey.objects.filter(domain=domain, source=KeySource.DNS).order_by("-created_at")
    surplus = list(kept.values_list("pk", flat=True)[MOST_OF_A_DOMAIN - 1 :])
    if surplus:
        PeerKey.objects.filter(pk__in=surplus).delete()


def _forget_withdrawn(domain: str, selector: str) -> None:
    gone = PeerKey.objects.filter(domain=domain, selector=selector, source=KeySource.DNS)
    if gone.delete()[0]:
        log.warning("peer_key_withdrawn", domain=domain, selector=selector)


def _make_room_of(zone: str) -> None:
    """Forget the oldest answers of a zone beyond its share: they only cost asking again."""
    _forget(KeyLookup.objects.filter(zone=zone), MOST_OF_A_ZONE)


def _forget(lookups: QuerySet[KeyLookup], most: int) -> int:
    """Delete, of look-ups that nobody is about, those beyond the `most` newest; return how many.

    A batch at most; the rest is for the next time.
    """
    settled = lookups.filter(claimed_until__lte=clock.now()).order_by("-claimed_until")
    surplus = list(settled.values_list("pk", flat=True)[most : most + PRUNED_AT_ONCE])
    # Not one that was claimed again in this moment.
    gone = KeyLookup.objects.filter(pk__in=surplus, claimed_until__lte=clock.now())
    return gone.delete()[0] if surplus else 0


def prune() -> int:
    """Delete look-ups of a minute ago, and keys too old for any token; return how many.

    Asked every second by the sweep: only a real deletion takes SQLite's write lock.
    """
    now = clock.now()
    over = KeyLookup.objects.filter(claimed_until__lt=now - CLAIM_LIFE)
    # An answer of the release before may still hold: its processes look for it.
    over = over.filter(Q(until=None) | Q(until__lt=now))
    old = PeerKey.objects.filter(source=KeySource.DNS, expires_at__lt=now - HISTORY)
    lookups = _forget(over, 0) + _forget(KeyLookup.objects.all(), MOST_CLAIMS)
    surplus = list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    return lookups + (PeerKey.objects.filter(pk__in=surplus).delete()[0] if surplus else 0)
