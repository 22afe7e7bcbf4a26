"""Posting to a host that somebody else chose: one request, checked addresses, hard limits."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from messaging.addresses import is_allowed, parse_networks
from messaging.errors import Unreachable

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
LARGEST_ANSWER = 64 * 1024
TRIED_ADDRESSES = 3
HEADERS: list[tuple[bytes | str, bytes | str]] = [
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    ("User-Agent", "countersign"),
    ("Connection", "close"),
]


@dataclass(frozen=True)
class Reply:
    """What a peer's inbox answered."""

    status: int
    body: bytes


def post(domain: str, body: bytes) -> Reply:
    """Post one message to the inbox of `domain` and return the answer, whatever its status.

    Takes at most 10 seconds. Raises Unreachable, also for a host that is not on the public
    internet.
    """
    return post_to(inbox_url(domain), body, HEADERS, seconds=TOTAL_SECONDS)


def post_to(
    url: str, body: bytes, headers: list[tuple[bytes | str, bytes | str]], *, seconds: float
) -> Reply:
    """Post `body` to an address that somebody else chose; return the answer, whatever its status.

    Follows no redirect, uses no proxy, takes at most `seconds` and 64 KiB. Raises Unreachable,
    also for a host that is not on the public internet.
    """
    backend = CheckedBackend(time.monotonic() + seconds)
    limits = {"connect": CONNECT_SECONDS, "read": seconds, "write": seconds}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=tls_context(), network_backend=backend, max_keepalive_connections=0
            ) as pool,
            pool.stream(
                "POST",
                url,
                headers=headers,
                content=body,
                extensions={"timeout": limits},
            ) as response,
        ):
            return Reply(response.status, _capped(response.iter_stream()))
    except Unreachable:
        raise
    except Exception as error:  # whatever a name or a server elsewhere makes a library raise
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def inbox_url(domain: str) -> str:
    """Return where the inbox of `domain` is (protocol 2.1), or where PEER_ROUTES says it is."""
    for pattern, base in routes():
        if fnmatchcase(domain.lower(), pattern):
            return f"{base}/inbox"
    return f"https://pw.{domain.lower()}/inbox"


def routes() -> list[tuple[str, str]]:
    """Return PEER_ROUTES as pairs of pattern and base address. Raises ValueError."""
    pairs = []
    for entry in settings.PEER_ROUTES:
        pattern, equals, base = entry.partition("=")
        parts = urlsplit(base)
        if not equals or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"PEER_ROUTES: {entry!r} is not PATTERN=http://HOST:PORT")
        pairs.append((pattern.strip().lower(), base.strip().rstrip("/")))
    return pairs


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the machine's trust store with host names checked; built once, it is slow."""
    return ssl.create_default_context()


def _capped(chunks: Iterable[bytes]) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > LARGEST_ANSWER:
            raise Unreachable(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(data)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks every address it has, and connects to a checked one.

    A second look-up could give another answer than the one that was checked. TLS still proves
    the host name, because only the socket's address is replaced.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._allow = parse_networks(settings.OUTGOING_ALLOW)
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._checked_addresses(host, port)[:TRIED_ADDRESSES]:
            left = self._deadline - time.monotonic()
            if left <= 0:
                break
            try:
                stream = self._sockets.connect_tcp(
                    address, port, min(timeout or left, left), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure or httpcore.ConnectTimeout(f"no time left to reach {host}")

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        # One bad address spoils all: a name that also points inside is an attempt to get there.
        if not addresses or not all(is_allowed(address, self._allow) for address in addresses):
            raise httpcore.ConnectError(f"{host} is not on the public internet")
        return addresses


class TimedStream(httpcore.NetworkStream):
    """A socket that nobody can keep open, however slowly they send, beyond one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("not done in time")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
