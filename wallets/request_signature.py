"""How a wallet proves that an HTTP request to its notifier is its own.

Used by the server and by the wallet client, so it knows neither Django nor files.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from messaging.canonical import canonical_bytes
from messaging.signing import PrivateKey
from messaging.syntax import format_time

OLDEST = timedelta(seconds=300)
NEWEST = timedelta(seconds=60)
WALLET = "Wallet"
NOTIFIER = "Wallet-Notifier"
TIMESTAMP = "Wallet-Timestamp"
SIGNATURE = "Wallet-Signature"


def signed_bytes(
    *, method: str, path: str, notifier: str, timestamp: str, wallet: str, body: bytes
) -> bytes:
    """Return the canonical bytes that a wallet signs; `path` includes the query."""
    return canonical_bytes(
        {
            "Body": hashlib.sha256(body).hexdigest(),
            "Method": method,
            "Notifier": notifier,
            "Path": path,
            "Timestamp": timestamp,
            "Wallet": wallet,
        }
    )


def request_headers(
    key: PrivateKey,
    *,
    method: str,
    path: str,
    notifier: str,
    wallet: str,
    body: bytes,
    now: datetime,
) -> dict[str, str]:
    """Return the headers that prove a request of `wallet`, signed with its key at `now` (UTC)."""
    timestamp = format_time(now)
    data = signed_bytes(
        method=method,
        path=path,
        notifier=notifier,
        timestamp=timestamp,
        wallet=wallet,
        body=body,
    )
    return {
        WALLET: wallet,
        NOTIFIER: notifier,
        TIMESTAMP: timestamp,
        SIGNATURE: key.sign(data),
    }
