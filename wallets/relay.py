"""Passing a wallet page's signed messages on to the inboxes that the page cannot reach itself.

A page may only talk to the site it came from, and its policy says so too. So it hands its messages
to this site, which posts them unchanged, through the same checked transport as our own messages.
The relay holds no key: it can drop a message, but neither write nor change one. It is no open
proxy either: it takes messages of wallets registered here only, of the subjects below only, to the
wallet's own broker and to domains of which that broker told this wallet.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from django.db.models import Q

from messaging import inbox, keys, rates, transport
from messaging.canonical import BadJson, parse_json
from messaging.envelope import ANONYMOUS, Envelope, Malformed
from messaging.errors import Unreachable
from messaging.slots import Busy, Slots
from wallets.models import Notification, Registration

log = structlog.get_logger(__name__)

LARGEST = 64 * 1024
# Deliveries to elsewhere, each of which may take ten seconds in a thread that is only for them, and
# has no connection to the database. Some are only for places that have answered within the hour.
AT_ONCE = 32
IN_FLIGHT = Slots(AT_ONCE, wallet=4, destination=8, unknown=24)
KNOWN_SECONDS = 3600
TO_BROKER = frozenset(
    {
        "Locate@Broker",
        "Opened@Broker",
        "Saved@Broker",
        "Frontend@Broker",
        "Home@Broker",
        "Abandon@Broker",
    }
)
TO_GRAPH = "PublicKey@Graph"
IN_CHAT = frozenset({"Prompted@Host", "Reply@Host", "Download@Host", "Issued@Issuer"})
# A few more than there are slots, to say at once that none is free.
_threads = ThreadPoolExecutor(AT_ONCE + 8, "relay")


class NotRelayed(Exception):
    """This message is not passed on; `status` is what to answer the page."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Relayed:
    """What the peer's inbox answered."""

    status: int
    answer: dict[str, Any]


@dataclass(frozen=True)
class Elsewhere:
    """A message that is to go to a domain that is not hosted here; no thread waits for it."""

    wallet: str
    to: str
    raw: bytes
    is_known: bool

    async def relay(self) -> Relayed:
        """Post it and return the peer's answer, whatever its status. Takes up to ten seconds.

        Raises NotRelayed: 503 while too many are under way, 502 when nobody answered.
        """
        return await asyncio.get_running_loop().run_in_executor(_threads, self._post)

    def _post(self) -> Relayed:
        unknown = "" if self.is_known else "any"
        try:
            with IN_FLIGHT.taken(wallet=self.wallet, destination=self.to, unknown=unknown):
                reply = transport.post(self.to, self.raw)
        except Busy:
            raise NotRelayed(503, "Too many messages are under way") from None
        except Unreachable as error:
            log.info("relay_unreachable", to=self.to, error=str(error)[:200])
            raise NotRelayed(502, f"{self.to} cannot be reached") from None
        if not self.is_known:
            rates.rest("relay-knows", self.to, KNOWN_SECONDS)
        return Relayed(reply.status, _object(reply.body))


def relay(registration: Registration, raw: bytes) -> Relayed | Elsewhere:
    """Hand one message of this wallet to a domain hosted here, or say where it is to go.

    Must not be called inside a transaction. Raises NotRelayed, 413 or 422: it is not passed on.
    """
    envelope = _checked(registration, raw)
    to = envelope.header.to.lower()
    if keys.hosted_name(to) is not None:
        answer = inbox.receive(raw)
        return Relayed(answer.status, answer.body)
    return Elsewhere(str(registration.pk), to, raw, rates.is_resting("relay-knows", to))


def _object(body: bytes) -> dict[str, Any]:
    """Return a peer's answer; what is no JSON object is no answer."""
    try:
        value = parse_json(body or b"{}", max_bytes=transport.LARGEST_ANSWER)
    except BadJson:
        value = {}
    return value if isinstance(value, dict) else {}


def _checked(registration: Registration, raw: bytes) -> Envelope:
    if len(raw) > LARGEST:
        raise NotRelayed(413, f"A message has at most {LARGEST} bytes")
    try:
        envelope = Envelope.parse(parse_json(raw, max_bytes=LARGEST))
    except (BadJson, Malformed) as error:
        raise NotRelayed(422, str(error)) from None
    if not _is_the_wallets(registration, envelope):
        raise NotRelayed(422, "This message is not passed on")
    return envelope


def _is_the_wallets(registration: Registration, envelope: Envelope) -> bool:
    """Say whether a wallet of ours may well send this. Whether it is true, its receiver checks."""
    header = envelope.header
    to_broker = header.to.lower() == registration.broker
    if header.sender == str(registration.wallet):
        return to_broker and header.subject in TO_BROKER
    if header.sender != ANONYMOUS:
        return False
    if header.subject == TO_GRAPH:
        return to_broker
    if header.subject not in IN_CHAT or not envelope.is_signed:
        return False
    return to_broker or _is_known(registration, header.to)


def _is_known(registration: Registration, domain: str) -> bool:
    """Say whether the wallet's broker has told it of this domain."""
    named = Q()
    for field in ("Host", "Sender", "Issuer"):
        for spelling in {domain, domain.lower()}:
            named |= Q(**{f"message__Body__{field}": spelling})
    return Notification.objects.filter(named, registration=registration).exists()
