"""Reads of the notifier, always within one of our notifier domains."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from messaging import rows
from messaging.syntax import is_domain, is_uuid
from wallets.models import Notification, NotifierBroker, Registration

REGISTRATION = rows.Select(Registration, "domain", "wallet")


def broker_of(domain: str) -> str | None:
    """Return the broker of a notifier domain; None when it is not one of our notifiers."""
    return NotifierBroker.objects.filter(domain=domain).values_list("broker", flat=True).first()


def registration_of(domain: str, wallet: Any) -> Registration | None:
    """Return a wallet's registration; None when unknown, not an id or at no domain."""
    if not is_uuid(str(wallet)) or not is_domain(domain):
        return None
    return REGISTRATION.first(domain, str(wallet))


def waiting_notifications(registration: Registration) -> QuerySet[Notification]:
    """Return what a wallet has not acknowledged, oldest first."""
    waiting = Notification.objects.filter(registration=registration, acknowledged_at=None)
    return waiting.order_by("id")
