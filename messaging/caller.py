"""Whose request this process answers now: the address it comes from, as one share.

Who has an IPv6 network has 2^64 addresses of it, so a /64 counts as one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

IPV6_SHARE = 64

_caller: ContextVar[tuple[str, str]] = ContextVar("caller", default=("", ""))


def now() -> str:
    """Return the share of the caller; empty where nobody called (a worker, a command)."""
    return _caller.get()[0]


def identity() -> str:
    """Return whom the caller names, if that was proved at his address lately; else nothing."""
    return _caller.get()[1]


@contextmanager
def calling(share: str, identity: str = "") -> Iterator[None]:
    """Say who calls while the block runs."""
    token = _caller.set((share, identity))
    try:
        yield
    finally:
        _caller.reset(token)


def share_of(remote: str, forwarded: str, proxies: int) -> str:
    """Return the share of a request that came from `remote`.

    Behind so many proxies it is what the outermost one of them put into X-Forwarded-For; what
    stands before that the sender may have written. What is no address is one share, its own.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    text = hops[-min(proxies, len(hops))] if proxies and hops else remote
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_SHARE), strict=False))
