"""`python -m config.hostile.attack`: one kind of attack, in a process of its own.

Says "go" when all of it is under way, holds what can be held until it is ended, and does no more
than `--count` connections or messages at once. Its wallets and keys stand in a file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messaging.clock import now
from messaging.envelope import ANONYMOUS, Envelope
from messaging.ids import uuid4
from messaging.signing import PrivateKey
from wallets.request_signature import request_headers

HOLD_SECONDS = 60.0
ANSWER_SECONDS = 30.0
STRANGER = PrivateKey.generate()


@dataclass
class Target:
    """The server, where to attack it from, and what the attacker has."""

    port: int
    source: str
    count: int
    has: dict[str, Any]
    statuses: Counter[int] = field(default_factory=Counter)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.source, 0))

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        """Send a request and count the status of its answer; 0 for none."""
        reader, writer = await self.connect()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            first = await asyncio.wait_for(reader.readline(), ANSWER_SECONDS)
            self.statuses[int(first.split()[1]) if first else 0] += 1
            await reader.read()
        except (OSError, TimeoutError):
            self.statuses[0] += 1
        finally:
            writer.close()

    async def post(self, message: bytes) -> None:
        await self.ask("POST", "/inbox", message)


Kind = Callable[[Target, int], Awaitable[None]]


async def silent(target: Target, number: int) -> None:
    """Connect, and say nothing."""
    await _hold(target, b"", b"")


async def slow_headers(target: Target, number: int) -> None:
    """Drip a header that never ends."""
    await _hold(target, b"POST /inbox HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X: y\r\n")


async def slow_bodies(target: Target, number: int) -> None:
    """Announce a large body and drip it."""
    begin = b"POST /inbox HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    await _hold(target, begin + b"Content-Length: 250000\r\n\r\n" + b" " * 100_000, b" ")


async def unread_answers(target: Target, number: int) -> None:
    """Ask for much again and again, and take nothing of it."""
    begin = b"GET /api/schema?format=json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20
    await _hold(target, begin, b"")


async def _hold(target: Target, begin: bytes, drip: bytes) -> None:
    _, writer = await target.connect()
    end = time.monotonic() + HOLD_SECONDS
    with suppress(OSError):
        writer.write(begin)
        while time.monotonic() < end and not writer.is_closing():
            await asyncio.sleep(0.5)
            writer.write(drip)


async def unknown_keys(target: Target, number: int) -> None:
    """Send under a new name each, whose name servers do not answer."""
    await target.post(_signed(f"n{number}.slow.test", "Offered@Issuer", {}))


async def long_names(target: Target, number: int) -> None:
    """Send under names too long for DNS."""
    name = ".".join([f"{number:061d}", *["a" * 61] * 3, "test"])
    await target.post(_signed(name, "Offered@Issuer", {}))


async def negative_keys(target: Target, number: int) -> None:
    """Name another selector of a known domain each time."""
    await target.post(_signed("evil.test", "Offered@Issuer", {}, selector=f"s{number}"))


async def forged(target: Target, number: int) -> None:
    """Sign as a known domain with another key."""
    await target.post(_signed("evil.test", "Offered@Issuer", {}))


async def locates(target: Target, number: int) -> None:
    """One wallet opens chats as fast as it can."""
    await _locate(target, ".HOST,theatre.test,ticket", target.has["wallets"][0], {})


async def silent_hosts(target: Target, number: int) -> None:
    """One wallet opens chats with hosts that never answer."""
    await _locate(target, f".HOST,h{number}.silent.test,x", target.has["wallets"][1], {})


async def large_locates(target: Target, number: int) -> None:
    """One wallet opens chats with 240 KB of inputs."""
    inputs = {f"k{n}": "x" * 1000 for n in range(230)}
    await _locate(target, ".HOST,theatre.test,ticket", target.has["wallets"][2], inputs)


async def _locate(target: Target, locator: str, wallet: dict[str, str], inputs: Any) -> None:
    body = {"Locator": locator, "Hook": str(uuid4()), "Inputs": inputs}
    key = PrivateKey.from_seed(bytes.fromhex(wallet["Seed"]))
    envelope = Envelope.build(
        sender=wallet["Wallet"], to="broker.test", subject="Locate@Broker", body=body, now=now()
    )
    await target.post(envelope.signed(key).to_bytes())


async def prompts(target: Target, number: int) -> None:
    """One host prompts one wallet as fast as it can."""
    body = {"Chat": target.has["chat"], "Prompt": str(uuid4()), "Format": "INFO"}
    body["Expires"] = "2099-01-01T00:00:00Z"
    key = PrivateKey.from_seed(bytes.fromhex(target.has["evil"]))
    await target.post(_signed("evil.test", "Prompt@Broker", body, key=key))


async def public_questions(target: Target, number: int) -> None:
    """Ask what anybody may, with 240 KB around it."""
    envelope = Envelope.build(
        sender=ANONYMOUS,
        to="theatre.test",
        subject="Manifest@Domain",
        body={"Padding": ["x" * 1000] * 230, "Number": number},
        now=now(),
    )
    await target.post(envelope.to_bytes())


async def pages(target: Target, number: int) -> None:
    """Ask for the API's description, which is long."""
    await target.ask("GET", "/api/schema")


async def polls(target: Target, number: int) -> None:
    """Wait for one wallet's notifications, many times."""
    await _wallet_get(target, "/wallet/notifications?wait=25", target.has["wallets"][3])


async def streams(target: Target, number: int) -> None:
    """Listen to one wallet's feed, many times."""
    await _wallet_get(target, "/wallet/stream", target.has["wallets"][4])


async def many_polls(target: Target, number: int) -> None:
    """Wait as a wallet of one's own each: hundreds of wallets behind one address."""
    await _wallet_get(target, "/wallet/notifications?wait=25", target.has["many"][number])


async def _wallet_get(target: Target, path: str, wallet: dict[str, str]) -> None:
    await target.ask("GET", path, headers=_proof(wallet, "GET", path, b""))


async def relays(target: Target, number: int) -> None:
    """A few wallets hand the relay messages to silent hosts, of which their broker told them."""
    wallet = target.has["wallets"][5]
    chat = target.has["silent_chats"][number % len(target.has["silent_chats"])]
    envelope = Envelope.build(
        sender=ANONYMOUS,
        to=chat,
        subject="Prompted@Host",
        body={"Prompt": str(uuid4())},
        now=now(),
    )
    raw = envelope.signed(PrivateKey.from_seed(bytes.fromhex(wallet["Seed"]))).to_bytes()
    headers = _proof(wallet, "POST", "/wallet/relay", raw)
    await target.ask("POST", "/wallet/relay", raw, headers)


def _proof(wallet: dict[str, str], method: str, path: str, body: bytes) -> dict[str, str]:
    return request_headers(
        PrivateKey.from_seed(bytes.fromhex(wallet["Seed"])),
        method=method,
        path=path,
        notifier="notifier.test",
        wallet=wallet["Wallet"],
        body=body,
        now=now(),
    )


def _signed(
    sender: str, subject: str, body: Any, *, selector: str = "pw1", key: Any = None
) -> bytes:
    to = "broker.test" if subject.endswith("Broker") else "theatre.test"
    envelope = Envelope.build(
        sender=sender, to=to, subject=subject, body=body, selector=selector, now=now()
    )
    return envelope.signed(key or STRANGER).to_bytes()


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (
        silent,
        slow_headers,
        slow_bodies,
        unread_answers,
        unknown_keys,
        long_names,
        negative_keys,
        forged,
        locates,
        large_locates,
        prompts,
        public_questions,
        pages,
        polls,
        streams,
        many_polls,
        relays,
        silent_hosts,
    )
}


async def attack(target: Target, kind: Kind) -> None:
    """Begin all of it at once, and end when it has ended."""
    numbers = iter(range(target.count))
    tasks = [asyncio.ensure_future(kind(target, number)) for number in numbers]
    await asyncio.sleep(0.2)
    print("go", flush=True)
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, OSError):
            target.statuses[0] += 1
        elif isinstance(result, BaseException):
            raise result


def main() -> None:
    """Attack, and print how often there was which status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--has", type=Path, required=True)
    options = parser.parse_args()
    has = json.loads(options.has.read_text())
    target = Target(options.port, options.source, options.count, has)
    asyncio.run(attack(target, KINDS[options.kind]))
    print(json.dumps(dict(sorted(target.statuses.items()))), flush=True)


if __name__ == "__main__":
    main()
