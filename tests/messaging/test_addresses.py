"""Which addresses are public: every way back inside is refused."""

from __future__ import annotations

import ipaddress

import pytest

from messaging.addresses import is_allowed, is_public, parse_networks


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_public_address_is_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert is_allowed(address, [])


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.1.2.3",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert not is_allowed(address, parse_networks(["192.0.2.0/24"]))


def test_development_networks_are_allowed_by_name() -> None:
    networks = parse_networks(["127.0.0.0/8", "::1/128"])
    assert is_allowed("127.0.0.1", networks)
    assert is_allowed("::1", networks)
    assert not is_allowed("10.0.0.1", networks)
