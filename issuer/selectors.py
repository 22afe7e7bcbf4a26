"""Reads of the issuer's tokens, always within one domain."""

from __future__ import annotations

from typing import Any

from issuer.models import Token
from messaging import rows
from messaging.syntax import is_uuid

TOKEN = rows.Select(Token, "pk", "domain")


def token_by_id(domain: str, key: Any) -> Token | None:
    """Return a token of `domain`; None when unknown or not an id."""
    if not is_uuid(str(key)):
        return None
    return TOKEN.first(str(key), domain)
