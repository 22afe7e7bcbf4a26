"""Signing and reading with the reference library, round its bugs (protocol 8.8)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pollyweb import KeyPair, Msg
from pollyweb._crypto import encode_signature, sign_message

from messaging import clock
from messaging.signing import PublicKey
from messaging.syntax import format_time

PAIR = KeyPair()
OURS = PublicKey(PAIR.PublicKey.public_bytes_raw())


def their_message(
    sender: str,
    to: str,
    subject: str,
    body: dict[str, Any],
    *,
    selector: str = "",
    private: Any = PAIR.PrivateKey,
) -> Any:
    """Return a message of the library, signed over its own canonical bytes.

    `Domain.sign` asks live DNS and replaces the selector, `Wallet.sign` refuses Anonymous and
    `Msg.sign_with` raises NameError, so the pieces below those are used.
    """
    message = Msg(
        From=sender,
        To=to,
        Subject=subject,
        Selector=selector,
        Body=body,
        Correlation=str(uuid4()),
        Timestamp=format_time(clock.now()),
    )
    canonical = message.canonical()
    signature, _ = sign_message(private, canonical)
    return replace(
        message,
        Hash=hashlib.sha256(canonical).hexdigest(),
        Signature=encode_signature(signature),
    )


def their_bytes(message: Any) -> bytes:
    """Return what the library's `send` puts on the wire."""
    return json.dumps(message.to_dict(), separators=(",", ":")).encode()


def their_key(key: PublicKey) -> Ed25519PublicKey:
    """Return our key as the library takes it: its loader reads PEM only."""
    return Ed25519PublicKey.from_public_bytes(key.raw)
