"""Signed requests: the wallet's key is its only credential, there is no session to steal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from messaging import clock, proven
from messaging.signing import PublicKey
from messaging.syntax import parse_time
from wallets import request_signature as proof
from wallets.models import Registration
from wallets.selectors import registration_of
from wallets.services import see_wallet

log = structlog.get_logger(__name__)


class WalletSignature(BaseAuthentication):
    """Authenticates a request as its wallet's registration (`request.auth`).

    A request may be replayed inside the time window; that does no harm, because reading changes
    nothing and acknowledging twice is acknowledging once.
    """

    def authenticate(self, request: Request) -> tuple[None, Registration]:
        headers = request.headers
        domain = headers.get(proof.NOTIFIER, "").lower()
        registration = registration_of(domain, headers.get(proof.WALLET, ""))
        if registration is None:
            raise self._refused("unknown wallet")
        if not is_fresh(headers.get(proof.TIMESTAMP, "")):
            raise self._refused("stale timestamp")
        data = proof.signed_bytes(
            method=request.method or "",
            path=request.get_full_path(),
            notifier=headers[proof.NOTIFIER],
            timestamp=headers[proof.TIMESTAMP],
            wallet=headers[proof.WALLET],
            body=request.body,
        )
        if not _verifies(registration, data, headers.get(proof.SIGNATURE, "")):
            raise self._refused("wrong signature")
        proven.note(str(registration.wallet))
        see_wallet(registration)
        return None, registration

    def authenticate_header(self, request: Request) -> str:
        return "Wallet"

    def _refused(self, why: str) -> AuthenticationFailed:
        log.info("wallet_request_refused", reason=why)
        return AuthenticationFailed("Not authorised")


def _verifies(registration: Registration, data: bytes, signature: str) -> bool:
    """Say whether a wallet signed this; one that is known by a key that is none cannot have."""
    try:
        key = PublicKey.from_text(registration.public_key)
    except ValueError:
        return False
    return key.verify(data, signature)


def authenticated(request: Request) -> Registration:
    """Return whose request this is."""
    registration = request.auth
    if not isinstance(registration, Registration):
        raise AuthenticationFailed("Not authorised")
    return registration


def is_fresh(timestamp: str) -> bool:
    """Say whether a request's time is inside the window."""
    try:
        age: timedelta = clock.now() - parse_time(timestamp)
    except ValueError:
        return False
    return -proof.NEWEST <= age <= proof.OLDEST


class WalletSignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the signature reads in OpenAPI."""

    target_class = WalletSignature
    name = "walletSignature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": proof.SIGNATURE,
            "description": "Base64 Ed25519 of the wallet's key over the canonical JSON of Body "
            "(SHA-256 of the body, hexadecimal), Method, Notifier, Path (with query), Timestamp "
            f"and Wallet; beside it the headers {proof.WALLET}, {proof.NOTIFIER} and "
            f"{proof.TIMESTAMP}.",
        }
