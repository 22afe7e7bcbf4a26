"""Web Push: waking a browser whose wallet is closed, by way of the browser's vendor.

A push carries no data: it only wakes the browser, which says that something waits. So the vendor
learns when somebody is asked something, not what, nor by whom. Notifications do not depend on it:
they wait in their rows, and losing a push loses nothing.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, Q

from messaging import bell, clock, rates, transport
from messaging.addresses import is_allowed, parse_networks
from messaging.each import each
from messaging.errors import Unreachable
from messaging.outbox import lanes
from messaging.rows import insert_new
from messaging.slots import Busy
from messaging.syntax import is_domain
from wallets import vapid
from wallets.models import Notification, Registration, Subscription

log = structlog.get_logger(__name__)

LONGEST_ENDPOINT = 1000
MOST = 5  # browsers of one wallet
AFTER_SECONDS = 5.0  # a page that is open has fetched and acknowledged by then
AGAIN = timedelta(seconds=60)
FAILURES = 8  # in a row, then the browser is forgotten; its page subscribes anew when it is opened
POST_SECONDS = 5.0
REST_SECONDS = 60  # for a push service that did not answer
KEEP_SECONDS = 24 * 3600  # how long a push service may keep a push for a browser that is off
GONE = frozenset({404, 410})


def public_key() -> str:
    """Return what browsers subscribe with; empty when this deployment has no Web Push."""
    text = settings.VAPID_PRIVATE_KEY
    return vapid.public_point(vapid.private_key(text)) if text else ""


def check_endpoint(text: str) -> None:
    """Raise ValueError unless an address that a browser gave is one that we would post to.

    What a name stands for is looked at when it is posted to.
    """
    if len(text) > LONGEST_ENDPOINT or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("not an address")
    parts = urlsplit(text)
    if parts.scheme != "https" or "@" in parts.netloc or parts.fragment:
        raise ValueError("not an https address of a push service")
    # Other ports and networks are for development.
    if parts.port not in (None, 443) and not settings.OUTGOING_ALLOW:
        raise ValueError("not the port of a push service")
    if not _may_be_public(parts.hostname or ""):
        raise ValueError("not a host on the public internet")


def _may_be_public(host: str) -> bool:
    try:
        return is_allowed(host, parse_networks(settings.OUTGOING_ALLOW))
    except ValueError:  # a name
        return is_domain(host)


def subscribe(registration: Registration, endpoint: str) -> int:
    """Wake this browser from now on; return how many of this wallet there are.

    The same one again changes nothing. Of more than MOST the oldest are forgotten.
    """
    insert_new(Subscription(registration=registration, endpoint=endpoint, created_at=clock.now()))
    mine = Subscription.objects.filter(registration=registration)
    newest = list(mine.order_by("-pk").values_list("pk", flat=True)[:MOST])
    mine.exclude(pk__in=newest).delete()
    return len(newest)


def unsubscribe(registration: Registration, endpoint: str) -> int:
    """Wake this browser no more; return how many of this wallet are left."""
    mine = Subscription.objects.filter(registration=registration)
    mine.filter(endpoint=endpoint).delete()
    return mine.count()


def ring(registration: Registration) -> None:
    """A notification was stored: once it is committed, have the wallet woken if need be."""
    if not settings.VAPID_PRIVATE_KEY:
        return
    if Subscription.objects.filter(registration=registration).exists():
        bell.ring_later("wallets.push", str(registration.pk), seconds=AFTER_SECONDS)


def fetched(registration: Registration) -> None:
    """The wallet has seen what waits: the next notification may wake it at once."""
    if settings.VAPID_PRIVATE_KEY:
        pushed = Subscription.objects.filter(registration=registration, pushed_at__isnull=False)
        pushed.update(pushed_at=None)


def wake(registration_id: str) -> int:
    """Push to the browsers of a wallet that has left something unread; return how many took it.

    Each is pushed to once a minute at most, until the wallet fetches. Must not be called inside a
    transaction: each push may take five seconds.
    """
    wallet = UUID(registration_id)
    waiting = Notification.objects.filter(registration=wallet, acknowledged_at=None)
    if not settings.VAPID_PRIVATE_KEY or not waiting.exists():
        return 0
    subscriptions = Subscription.objects.filter(registration=wallet)
    return sum(each("push", subscriptions, lambda one: _claimed(one) and _push(one)))


def _claimed(subscription: Subscription) -> bool:
    """Say whether this push is ours to send: of several workers one is told yes."""
    now = clock.now()
    due = Q(pushed_at=None) | Q(pushed_at__lte=now - AGAIN)
    mine = Subscription.objects.filter(due, pk=subscription.pk)
    return mine.update(pushed_at=now) == 1


def _push(subscription: Subscription) -> bool:
    """Push, and do what follows from the answer; say whether the push service took it."""
    endpoint = subscription.endpoint
    host = urlsplit(endpoint).netloc
    if rates.is_resting("push", host):
        return False
    try:
        # The wallet named that address, which may be silent: it gets a stranger's share.
        with lanes.lanes.taken(host, str(subscription.registration_id), stranger=True):
            answer = transport.post_to(endpoint, b"", _headers(endpoint), seconds=POST_SECONDS)
        status = answer.status
    except Busy:
        log.info("push_left_out", host=host)
        return False
    except Unreachable as error:
        # A worker is not to wait for it again and again, for whoever else is there.
        rates.rest("push", host, REST_SECONDS)
        _failed(subscription, host, str(error)[:200])
        return False
    row = Subscription.objects.filter(pk=subscription.pk)
    if status in GONE:
        row.delete()
        log.info("push_subscription_gone", host=host, status=status)
    elif 200 <= status < 300:
        row.filter(failures__gt=0).update(failures=0)
        return True
    else:
        _failed(subscription, host, f"status {status}")
    return False


def _headers(endpoint: str) -> list[tuple[bytes | str, bytes | str]]:
    """Return the headers of a push (RFC 8030): `Topic` lets a later one replace it."""
    key = vapid.private_key(settings.VAPID_PRIVATE_KEY)
    now = int(clock.now().timestamp())
    return [
        ("Authorization", vapid.authorization(key, settings.VAPID_CONTACT, endpoint, now)),
        ("TTL", str(KEEP_SECONDS)),
        ("Topic", "waits"),
        ("Urgency", "normal"),
        ("User-Agent", "countersign"),
        ("Connection", "close"),
    ]


def _failed(subscription: Subscription, host: str, why: str) -> None:
    row = Subscription.objects.filter(pk=subscription.pk)
    row.update(failures=F("failures") + 1)
    dropped, _ = row.filter(failures__gte=FAILURES).delete()
    log.warning("push_failed", host=host, error=why, dropped=bool(dropped))
