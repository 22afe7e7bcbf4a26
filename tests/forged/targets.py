"""Requests that we are talked into: addresses of our own network, as From and in bodies."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import Scene, sealed
from tests.person import BROKER

ADDRESSES = {
    "localhost": "localhost",
    "the loopback": "127.0.0.1",
    "the loopback, short": "127.1",
    "the loopback, as a number": "2130706433",
    "the loopback, in hexadecimal": "0x7f000001",
    "the loopback, in IPv6": "[::1]",
    "a cloud's metadata": "169.254.169.254",
    "a private network": "10.0.0.1",
    "an address in IPv6": "fe80::1",
    "a scheme": "http://broker.test",
    "a file": "file:///etc/passwd",
    "a socket": "unix:/run/signer.sock",
}
# Names that may stand in a Header: DNS says nothing of their keys, and that is as far as it goes.
HOSTS = {
    "a machine's own name": "localhost.localdomain",
    "a cloud's metadata, by name": "metadata.google.internal",
    "a name inside": "redis.internal",
    "a name that points at the loopback": "loopback.test",
}
IN_BODIES = {**ADDRESSES, "a name inside": "redis.internal", "with a port": "broker.test:6379"}


def from_host(name: str) -> Any:
    return lambda scene: sealed(scene.header(From=name), scene.body(), scene.charlie)


def located(name: str) -> Any:
    locator = f".HOST,{name},ticket"
    return lambda s: s.of_wallet("Locate@Broker", {"Locator": locator, "Hook": str(uuid4())})


def saved(name: str) -> Any:
    return lambda s: s.of_wallet("Saved@Broker", {"Issuer": name, "Token": s.token, "Path": "x"})


def noted(scene: Scene) -> dict[str, Any]:
    """A token that says to be issued by the metadata service of a cloud."""
    body = {"Issuer": "169.254.169.254", "Token": scene.token, "Path": "http://127.0.0.1/"}
    return scene.of_wallet("Saved@Broker", body, To=BROKER)


CASES = [
    *[
        Case(f"target: From {name}", from_host(text), Reason.SHAPE)
        for name, text in ADDRESSES.items()
    ],
    *[Case(f"target: From {name}", from_host(text), Reason.KEY) for name, text in HOSTS.items()],
    *[
        Case(f"target: Issuer {name}", saved(text), status=200, kept=True)
        for name, text in IN_BODIES.items()
    ],
    *[
        Case(f"target: locator to {name}", located(text), status=200, kept=True)
        for name, text in ADDRESSES.items()
    ],
    Case("target: Issuer and Path", noted, status=200, kept=True),
]
