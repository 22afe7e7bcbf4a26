"""HTTP to domains: posting envelopes, and reading the signed answers of sync ones (2.6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from typing import Any

import httpx

from messaging.canonical import BadJson, parse_json
from messaging.envelope import Envelope, Malformed
from messaging.signing import PublicKey
from wallets.client.errors import Refused, Unreachable, Untrusted

TRIES = 4
FIRST_PAUSE = 0.2
LARGEST_ANSWER = 262144
TIMEOUT = httpx.Timeout(30, connect=5)
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})

KeyOf = Callable[[str, str], PublicKey]


class Transport:
    """Finds domains: at `https://pw.{domain}`, or where a route such as
    `*.test=http://127.0.0.1:8000` says (first match wins)."""

    def __init__(self, routes: Sequence[str] = ()) -> None:
        self.routes = [_route(text) for text in routes]
        self.client = httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self.client.close()

    def base(self, domain: str) -> str:
        """Return where a domain is served, without a slash at the end."""
        for pattern, base in self.routes:
            if fnmatch(domain, pattern):
                return base
        return f"https://pw.{domain}"

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send a request, again after a pause while nobody answers or the server is busy.

        Raises Unreachable after the last try.
        """
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_PAUSE * 2**attempt)
            try:
                answer = self.client.request(method, url, **options)
            except httpx.HTTPError as error:
                reason = type(error).__name__
                continue
            if answer.status_code not in BUSY:
                return answer
            reason = f"status {answer.status_code}"
        raise Unreachable(f"{url}: {reason}")

    def post(self, envelope: Envelope) -> httpx.Response:
        """Post a message; every try carries the same correlation, so that it counts once.

        Raises Unreachable, or Refused with the peer's status.
        """
        to = envelope.header.to
        answer = self.request(
            "POST",
            f"{self.base(to)}/inbox",
            content=envelope.to_bytes(),
            headers={"Content-Type": "application/json"},
        )
        if answer.status_code != 200:
            said = f"{to} refused {envelope.header.subject} ({answer.status_code})"
            raise Refused(answer.status_code, said)
        return answer

    def call(self, envelope: Envelope, key_of: KeyOf) -> dict[str, Any]:
        """Post a sync message and return its answer's body, once the answer is proved.

        Raises Unreachable, Refused, or Untrusted when it is not that domain's answer to this.
        """
        return proved(self.post(envelope).content, envelope, key_of)


def _route(text: str) -> tuple[str, str]:
    pattern, equals, base = text.partition("=")
    if not equals or not base.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is not a route such as *.test=http://127.0.0.1:8000")
    return pattern.strip(), base.strip().rstrip("/")


def peek(raw: bytes) -> Envelope:
    """Return the envelope in a sync answer, not yet proved. Raises Untrusted when there is none."""
    try:
        wrapper = parse_json(raw, max_bytes=LARGEST_ANSWER)
        return Envelope.parse(wrapper.get("Response") if isinstance(wrapper, dict) else None)
    except (BadJson, Malformed) as error:
        raise Untrusted(f"an answer that is none: {error}") from None


def proved(raw: bytes, request: Envelope, key_of: KeyOf) -> dict[str, Any]:
    """Return the body of a signed answer to `request`.

    Raises Untrusted unless sender, subject, correlation and signature all fit.
    """
    answer = peek(raw)
    asked, given = request.header, answer.header
    if (given.sender, given.subject, given.correlation) != (
        asked.to,
        asked.subject,
        asked.correlation,
    ):
        raise Untrusted(f"{asked.to} answered something else")
    key = key_of(given.sender, given.selector)
    if not (answer.is_signed and answer.hash_matches() and answer.verifies(key)):
        raise Untrusted(f"the answer of {asked.to} is not signed by it")
    return dict(answer.body)
