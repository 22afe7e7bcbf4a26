"""Where each party runs: a network namespace of its own, or, where none is allowed, a loopback
address.

In namespaces the addresses look public (and lead nowhere: there is no way out), so that the rules
for outgoing messages hold as they are. On loopback they need OUTGOING_ALLOW and PEER_ROUTES.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

INSIDE = "COUNTERSIGN_APART"  # says in which way the re-executed process is isolated
BRIDGE = "meadow"
# By party: the address in a namespace, and on loopback.
ADDRESSES = {
    # named serves only addresses that an interface has, which on loopback is this one.
    "authority": ("45.80.1.53", "127.0.0.1"),
    "issuer": ("45.80.1.10", "127.80.1.10"),
    "broker": ("45.80.1.20", "127.80.1.20"),
    "people": ("45.80.1.30", "127.80.1.30"),
}
NAMESPACES = ["--fork", "--pid", "--kill-child", "--mount-proc", "--mount", "--net"]


def isolate(arguments: Sequence[str], *, loopback: bool) -> int | None:
    """Start this program again in namespaces of its own and return its exit status.

    Returns None in the isolated process itself, and where namespaces are not permitted: then
    everything runs on loopback addresses. All that was started ends with the namespace.
    """
    if INSIDE in os.environ:
        return None
    for extra in () if loopback else ([], ["--user", "--map-root-user"]):
        command = ["unshare", *extra, *NAMESPACES]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            again = [*command, sys.executable, "-m", "tests.apart", *arguments]
            return subprocess.run(again, env={**os.environ, INSIDE: "1"}, check=False).returncode
    return None


def isolated() -> bool:
    """Say whether this process has namespaces of its own."""
    return INSIDE in os.environ


@dataclass
class Place:
    """One party's machine: `prefix` is what runs a command there."""

    name: str
    address: str
    prefix: list[str] = field(default_factory=list)

    def start(self, command: Sequence[str], log: Path, **extra: str) -> subprocess.Popen[bytes]:
        """Start a program there, with its output in `log`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.prefix, *command],
                env={**os.environ, **extra},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class Meadow:
    """The network between the places, and the links that can be cut."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.isolated = isolated()
        self.places: dict[str, Place] = {}
        if self.isolated:
            _run("ip", "link", "set", "lo", "up")
            _run("ip", "link", "add", BRIDGE, "type", "bridge")
            _run("ip", "link", "set", BRIDGE, "up")
            resolver = folder / "resolv.conf"
            resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
            # In our own mount namespace: the machine's file stays as it is.
            _run("mount", "--bind", str(resolver), "/etc/resolv.conf")
        for name, addresses in ADDRESSES.items():
            self.places[name] = (
                self._settle(stack, name, addresses[0])
                if self.isolated
                else Place(name, addresses[1])
            )

    def _settle(self, stack: ExitStack, name: str, address: str) -> Place:
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        stack.callback(holder.wait)
        stack.callback(holder.kill)
        own = f"/proc/{holder.pid}/ns/net"
        limit = time.monotonic() + 5
        while Path(own).readlink() == Path("/proc/self/ns/net").readlink():
            if time.monotonic() > limit:
                raise RuntimeError("no network namespace came to be")
            time.sleep(0.01)
        place = Place(name, address, ["nsenter", f"--net={own}", "--"])
        wire = f"to-{name}"
        pair = ["type", "veth", "peer", "name", "wire", "netns", str(holder.pid)]
        _run("ip", "link", "add", wire, *pair)
        _run("ip", "link", "set", wire, "master", BRIDGE, "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{address}/24", "dev", "wire"),
            ("link", "set", "wire", "up"),
        ):
            _run(*place.prefix, "ip", *words)
        return place

    def cut(self, name: str) -> None:
        """Pull the plug of a party: what is sent to it or by it is gone."""
        _run("ip", "link", "set", f"to-{name}", "down")

    def mend(self, name: str) -> None:
        """Plug a party in again."""
        _run("ip", "link", "set", f"to-{name}", "up")

    def part(self, name: str, other: str) -> None:
        """Drop all between two parties; others still reach both."""
        for here, there in ((name, other), (other, name)):
            place = self.places[here]
            _run(*place.prefix, "ip", "route", "add", "blackhole", self.places[there].address)

    def unite(self, name: str, other: str) -> None:
        """Let two parties reach each other again."""
        for here, there in ((name, other), (other, name)):
            place = self.places[here]
            _run(*place.prefix, "ip", "route", "del", "blackhole", self.places[there].address)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
