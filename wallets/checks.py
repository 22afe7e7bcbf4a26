"""System checks of Web Push's settings: a key that cannot be used is said at start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from wallets import vapid


def check_push(**_: Any) -> list[CheckMessage]:
    """Return an error for each setting that cannot be used; without a key there is no push."""
    if not settings.VAPID_PRIVATE_KEY:
        return []
    found: list[CheckMessage] = []
    try:
        vapid.private_key(settings.VAPID_PRIVATE_KEY)
    except ValueError as error:
        found.append(Error(f"VAPID_PRIVATE_KEY: {error}", id="wallets.E001"))
    try:
        vapid.check_contact(settings.VAPID_CONTACT)
    except ValueError as error:
        found.append(Error(f"VAPID_CONTACT: {error}", id="wallets.E002"))
    return found


def connect() -> None:
    """Register the checks of this app."""
    register(check_push)
