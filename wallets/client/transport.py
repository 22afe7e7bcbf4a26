"""HTTP to domains: posting envelopes, and reading the signed answers of sync ones (2.6)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from typing import Any

import httpx

from messaging.canonical import BadJson, parse_json
from messaging.envelope import ANONYMOUS, Envelope, Malformed
from messaging.signing import PublicKey
from messaging.syntax import is_uuid
from wallets.client.errors import Refused, Unreachable, Untrusted

TRIES = 4
FIRST_PAUSE = 0.2
LARGEST_ANSWER = 262144
LARGEST_REPLY = 16 * 1024 * 1024  # a full page of notifications is the largest honest one
TOTAL_SECONDS = 60.0
TIMEOUT = httpx.Timeout(30, connect=5)
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})

KeyOf = Callable[[str, str], PublicKey]


@dataclass(frozen=True)
class Reply:
    """An HTTP status and the bytes that came with it."""

    status: int
    body: bytes


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the machine's own trust store (SSL_CERT_FILE), as the servers use; built once."""
    return ssl.create_default_context()


class Transport:
    """Finds domains: at `https://pw.{domain}`, or where a route such as
    `*.test=http://127.0.0.1:8000` says (first match wins)."""

    def __init__(self, routes: Sequence[str] = ()) -> None:
        self.routes = [_route(text) for text in routes]
        self.client = httpx.Client(
            verify=tls_context(), timeout=TIMEOUT, trust_env=False, follow_redirects=False
        )

    def close(self) -> None:
        self.client.close()

    def base(self, domain: str) -> str:
        """Return where a domain is served, without a slash at the end."""
        for pattern, base in self.routes:
            if fnmatch(domain.lower(), pattern):
                return base
        return f"https://pw.{domain.lower()}"

    def request(
        self, method: str, url: str, *, content: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Send a request, again after a pause while nobody answers or the server is busy.

        Raises Unreachable after the last try, and Untrusted for an endless answer.
        """
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_PAUSE * 2**attempt)
            try:
                reply = self._once(method, url, content, headers)
            except httpx.HTTPError as error:
                reason = type(error).__name__
                continue
            if reply.status not in BUSY:
                return reply
            reason = f"status {reply.status}"
        raise Unreachable(f"{url}: {reason}")

    def _once(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        limit = time.monotonic() + TOTAL_SECONDS
        body = bytearray()
        with self.client.stream(method, url, content=content, headers=dict(headers)) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > LARGEST_REPLY:
                    raise Untrusted(f"{url} answered more than {LARGEST_REPLY} bytes")
                if time.monotonic() > limit:
                    raise httpx.ReadTimeout("drip by drip")
            return Reply(answer.status_code, bytes(body))

    def post(self, envelope: Envelope) -> bytes:
        """Post a message and return the body of its answer.

        Every try carries the same correlation, so that it counts once. Raises Unreachable, or
        Refused with the peer's status.
        """
        to = envelope.header.to
        reply = self.request(
            "POST",
            f"{self.base(to)}/inbox",
            content=envelope.to_bytes(),
            headers={"Content-Type": "application/json"},
        )
        if reply.status != 200:
            said = f"{to} refused {envelope.header.subject} ({reply.status})"
            raise Refused(reply.status, said)
        return reply.body

    def call(self, envelope: Envelope, key_of: KeyOf) -> dict[str, Any]:
        """Post a sync message and return its answer's body, once the answer is proved.

        Raises Unreachable, Refused, or Untrusted when it is not that domain's answer to this.
        """
        return proved(self.post(envelope), envelope, key_of)


def _route(text: str) -> tuple[str, str]:
    pattern, equals, base = text.partition("=")
    if not equals or not base.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is not a route such as *.test=http://127.0.0.1:8000")
    return pattern.strip().lower(), base.strip().rstrip("/")


def peek(raw: bytes) -> Envelope:
    """Return the envelope in a sync answer, bare or wrapped, not yet proved.

    Raises Untrusted when there is none.
    """
    try:
        value = parse_json(raw, max_bytes=LARGEST_ANSWER)
        return Envelope.parse(value.get("Response", value) if isinstance(value, dict) else None)
    except (BadJson, Malformed) as error:
        raise Untrusted(f"an answer that is none: {error}") from None


def proved(raw: bytes, request: Envelope, key_of: KeyOf) -> dict[str, Any]:
    """Return the body of a signed answer to `request`.

    Raises Untrusted unless sender, recipient, subject, correlation and signature all fit.
    """
    answer = peek(raw)
    asked, given = request.header, answer.header
    fits = (given.sender.lower(), given.subject, given.correlation) == (
        asked.to.lower(),
        asked.subject,
        asked.correlation,
    )
    # To Anonymous one answers by the chat's id or the correlation; who else may say only its own.
    to_us = is_uuid(given.to) if asked.sender == ANONYMOUS else given.to == asked.sender
    if not (fits and to_us):
        raise Untrusted(f"{asked.to} answered something else")
    key = key_of(given.sender, given.selector)
    if not (answer.is_signed and answer.hash_matches() and answer.verifies(key)):
        raise Untrusted(f"the answer of {asked.to} is not signed by it")
    return dict(answer.body)
