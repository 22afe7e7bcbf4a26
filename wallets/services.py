"""What the notifier does to its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog

from messaging import clock
from messaging.rows import insert_new
from messaging.signing import PublicKey
from scripts.errors import missing, refused
from wallets import push, quotas
from wallets.models import Notification, Registration
from wallets.selectors import registration_of

log = structlog.get_logger(__name__)

SEEN_AGAIN = timedelta(days=1)


def register_wallet(
    domain: str, *, wallet: str, public_key: str, broker: str, language: str
) -> Registration:
    """Serve a wallet that the broker has taken; the same one again changes nothing."""
    try:
        spki = PublicKey.from_text(public_key).spki
    except ValueError:
        raise refused("the wallet's key is not an Ed25519 public key") from None
    row = Registration(
        domain=domain,
        wallet=wallet,
        public_key=spki,
        broker=broker,
        language=language,
        created_at=clock.now(),
        seen_at=clock.now(),
    )
    return row if insert_new(row) else Registration.objects.get(domain=domain, wallet=wallet)


def see_wallet(registration: Registration) -> None:
    """Note that a wallet has asked, once a day: registrations that nobody uses end."""
    now = clock.now()
    if registration.seen_at is None or now - registration.seen_at > SEEN_AGAIN:
        Registration.objects.filter(pk=registration.pk).update(seen_at=now)
        registration.seen_at = now


def keep_notification(
    domain: str, *, wallet: str, subject: str, correlation: str, message: dict[str, Any]
) -> Notification:
    """Keep a broker's message until the wallet acknowledges it; a repeat changes nothing.

    Raises ScriptError for an unknown wallet, and when much more than its sender's share is unread:
    the inbox has refused what comes beyond the share, but for what was under way.
    """
    registration = registration_of(domain, wallet)
    if registration is None:
        raise missing("the wallet")
    sender, chat = quotas.sender_and_chat(subject, message.get("Body"))
    mine = Notification.objects.filter(registration=registration)
    if quotas.is_full(mine, registration.broker, subject, sender, chat, quotas.LATE):
        log.warning("notifications_full", wallet=wallet, subject=subject, sender=sender)
        raise refused("the wallet has left too many notifications unread")
    row = Notification(
        registration=registration,
        subject=subject,
        correlation=correlation,
        message=message,
        sender=sender,
        chat=chat,
        created_at=clock.now(),
    )
    if insert_new(row):
        quotas.coalesce(row)
        push.ring(registration)
        return row
    return Notification.objects.get(registration=registration, correlation=correlation)


def acknowledge(registration: Registration, ids: list[str]) -> int:
    """Take a wallet's own notifications off its queue; return how many were still on it."""
    push.fetched(registration)
    mine = Notification.objects.filter(registration=registration, pk__in=ids)
    return mine.filter(acknowledged_at=None).update(acknowledged_at=clock.now())
