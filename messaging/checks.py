"""System checks of messaging's settings: what a type cannot say is said at start."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from messaging.addresses import parse_networks
from messaging.dns_keys import server_address
from messaging.kept import LEAST_DAYS
from messaging.rates import LIMITS, parse_rate
from messaging.sealing import field_keys
from messaging.signers import chosen
from messaging.transport import routes

FEWEST_HOURS = 24  # protocol 2.5


def _keep_hours() -> None:
    if settings.INBOX_KEEP_HOURS < FEWEST_HOURS:
        raise ValueError(f"repeats must be known for {FEWEST_HOURS} hours at least")


def _most_waiting() -> None:
    if settings.OUTBOX_MOST < 1:
        raise ValueError("one message at least must be able to wait")


def _rate(setting: str) -> tuple[int, int]:
    return parse_rate(getattr(settings, setting))


def _kept_days() -> None:
    for kind, kept in settings.KEEP_DAYS.items():
        least, why = LEAST_DAYS.get(kind, (0, "that is how long"))
        if kept < least:
            raise ValueError(f"KEEP_{kind}_DAYS: {least:g} at least, because {why}")
    if settings.KEEP_DAYS["INBOX_KEY"] * 24 < settings.INBOX_KEEP_HOURS:
        raise ValueError("KEEP_INBOX_KEY_DAYS: a message may not outlive its key")
    if settings.KEEP_DAYS["INBOX_KEY"] <= settings.KEEP_DAYS["DEAD"]:
        raise ValueError(
            "KEEP_INBOX_KEY_DAYS: more than KEEP_DEAD_DAYS, or a dead letter that is "
            "sent again may have its effect twice"
        )
    if settings.KEEP_DAYS["SENT"] <= settings.OFFER_DAYS:
        raise ValueError(
            "KEEP_SENT_DAYS: more than OFFER_DAYS, because what is said of an offer "
            "names its message"
        )


READERS: dict[str, tuple[str, Callable[[], object]]] = {
    "messaging.E001": ("FIELD_KEYS", lambda: field_keys(settings.FIELD_KEYS)),
    "messaging.E002": ("PEER_ROUTES", routes),
    "messaging.E003": ("OUTGOING_ALLOW", lambda: parse_networks(settings.OUTGOING_ALLOW)),
    "messaging.E004": (
        "DNS_RESOLVERS",
        lambda: [server_address(entry) for entry in settings.DNS_RESOLVERS],
    ),
    "messaging.E005": ("INBOX_KEEP_HOURS", _keep_hours),
    "messaging.E008": ("OUTBOX_MOST", _most_waiting),
    "messaging.E006": ("SIGNER", chosen),
    "messaging.E009": ("KEEP_DAYS", _kept_days),
}
READERS |= {
    f"messaging.E1{number:02}": (limit.setting, partial(_rate, limit.setting))
    for number, limit in enumerate(LIMITS.values())
}


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return an error for each setting that cannot be read."""
    found: list[CheckMessage] = []
    for code, (name, read) in READERS.items():
        try:
            read()
        except (ValueError, ImproperlyConfigured) as error:
            found.append(Error(f"{name}: {error}", id=code))
    return found


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Warn in a deployment about settings that are meant for development."""
    far = [entry for entry in settings.DNS_RESOLVERS if not _is_loopback(entry)]
    warnings: list[CheckMessage] = [
        Warning(
            f"DNS_RESOLVERS: {entry} is not on loopback; its AD flag can be forged.",
            id="messaging.W003",
        )
        for entry in far
    ]
    return warnings + [
        Warning(f"{name} is set: messages may leave for hosts that are not public.", id=code)
        for name, code in (("PEER_ROUTES", "messaging.W001"), ("OUTGOING_ALLOW", "messaging.W002"))
        if getattr(settings, name)
    ]


def _is_loopback(entry: str) -> bool:
    return ipaddress.ip_address(server_address(entry)[0]).is_loopback


def connect() -> None:
    """Register the checks of this app."""
    register(check_settings)
    register(check_deployment, deploy=True)
