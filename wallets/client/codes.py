"""What is read off a token: its codes (protocol 3.7), and the state to show."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messaging.canonical import canonical_bytes
from messaging.documents import SKEW
from messaging.syntax import WEB_PREFIX, Locator, format_locator, is_time, parse_time


@dataclass(frozen=True)
class Codes:
    """Form A (the status locator), its link, and form B (the whole document)."""

    status: str
    link: str
    offline: str


def codes_of(document: Mapping[str, Any], broker: str) -> Codes:
    """Return what the codes of a checked document hold; `broker` is asked for its status."""
    status = format_locator(
        Locator(document["Schema"], broker, document["Token"], {"Issuer": document["Issuer"]})
    )
    whole = {name: value for name, value in document.items() if name != "Algorithm"}
    text = base64.urlsafe_b64encode(canonical_bytes(whole)).decode().rstrip("=")
    return Codes(status, WEB_PREFIX + status, f"PWT1:{text}")


def state(document: Mapping[str, Any], problem: str, status: str, now: datetime) -> str:
    """Return what to show of a token: `problem` is its check's, `status` the broker's last word."""
    ends = document.get("Expires")
    expired = is_time(ends) and parse_time(ends) <= now
    if problem and not expired:
        return "invalid"
    if status == "REVOKED":
        return "revoked"
    if expired:
        return "expired"
    if status == "SUSPENDED":
        return "suspended"
    return "future" if parse_time(document["Starts"]) > now + SKEW else "valid"
