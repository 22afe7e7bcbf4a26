"""Messages between domains of a test, signed as a peer would sign them."""

from __future__ import annotations

from typing import Any

from messaging import clock, inbox
from messaging.envelope import Envelope
from messaging.keys import signing_key


def domain_message(
    sender: str, to: str, subject: str, body: dict[str, Any], correlation: str | None = None
) -> bytes:
    """Return the bytes of a message signed by a domain hosted here."""
    selector, key = signing_key(sender)
    envelope = Envelope.build(
        sender=sender,
        to=to,
        subject=subject,
        body=body,
        selector=selector,
        correlation=correlation,
        now=clock.now(),
    )
    return envelope.signed(key).to_bytes()


def send_as(sender: str, to: str, subject: str, body: dict[str, Any]) -> inbox.Answer:
    """Hand a domain's message to the inbox."""
    return inbox.receive(domain_message(sender, to, subject, body))
