"""Which addresses a message may be posted to: peers choose their own, so public ones only."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Python's `is_global` says yes to several of these (tunnels, relays, multicast), so the lists are
# our own: IPv4 without every special block of the IANA registry, and of IPv6 only the part that
# is handed out as unicast, without the blocks in it that lead elsewhere.
_SPECIAL_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link local, and every cloud's metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6 = [
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]


def is_public(address: Address) -> bool:
    """Say whether this is an ordinary address of the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _SPECIAL_V4)
    return address in _UNICAST_V6 and not any(address in block for block in _SPECIAL_V6)


def parse_networks(entries: Iterable[str]) -> list[Network]:
    """Return networks written like `127.0.0.0/8`. Raises ValueError."""
    return [ipaddress.ip_network(entry.strip()) for entry in entries]


def is_allowed(text: str, networks: Iterable[Network]) -> bool:
    """Say whether an address may be reached: public, or in one of the allowed networks."""
    address = ipaddress.ip_address(text)
    return is_public(address) or any(address in network for network in networks)
