"""Whose request this process answers now: the address it comes from, as one share.

Who has an IPv6 network has 2^64 addresses of it, so a /64 counts as one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

IPV6_SHARE = 64

_share: ContextVar[str] = ContextVar("caller", default="")


def now() -> str:
    """Return the share of the caller; empty where nobody called (a worker, a command)."""
    return _share.get()


@contextmanager
def calling(share: str) -> Iterator[None]:
    """Say who calls while the block runs."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


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
