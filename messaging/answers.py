"""Reading a peer's answer to a sync message: only what that peer signed counts (protocol 2.6)."""

from __future__ import annotations

from typing import Any

from messaging import keys
from messaging.canonical import BadJson, parse_json
from messaging.envelope import Envelope, Malformed
from messaging.errors import KeyUnavailable, Unreachable
from messaging.inbox import MANIFEST
from messaging.models import OutboxMessage
from messaging.transport import LARGEST_ANSWER


def read_answer(message: OutboxMessage, raw: bytes) -> dict[str, Any]:
    """Return the response body in an HTTP answer of status 200.

    The response must be signed by the recipient, to the sender, for this subject and correlation;
    only Manifest@Domain may be a bare mapping. Raises Unreachable for any other answer: one that
    cannot be trusted is none, and asking again may help.
    """
    try:
        value = parse_json(raw, max_bytes=LARGEST_ANSWER)
        if not isinstance(value, dict):
            raise Malformed("the answer is not a map")
        response = value.get("Response", value)
        if message.subject == MANIFEST and isinstance(response, dict) and "Header" not in response:
            return response
        envelope = Envelope.parse(response)
        _check_belongs(message, envelope)
        _check_signature(envelope)
    except (BadJson, Malformed, KeyUnavailable) as error:
        raise Unreachable(f"no valid answer: {error}") from None
    return dict(envelope.body)


def _check_belongs(message: OutboxMessage, envelope: Envelope) -> None:
    header = envelope.header
    expected = (message.recipient, message.sender, message.subject, str(message.correlation))
    given = (header.sender.lower(), header.to.lower(), header.subject, header.correlation)
    if given != expected:
        raise Malformed("the answer belongs to another message")


def _check_signature(envelope: Envelope) -> None:
    header = envelope.header
    _, good = keys.verified(header.sender, header.selector, envelope.verifies)
    if not good or not envelope.hash_matches():
        raise Malformed("the answer's signature is wrong")
