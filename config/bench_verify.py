"""What checking a message costs against its floor: one JSON parse and one Ed25519 verification.

    python -m config.bench_verify [--rounds 40] [--messages 200]

Both are measured in the same run and in turns, so that a busy machine slows both. Exit code 1 when
a kind of message costs more than 1.5 times its floor.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LIMIT = 1.5
TOKEN = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"  # noqa: S105 - an id
BODIES: dict[str, dict[str, Any]] = {
    "an offer (Issue@Broker)": {
        "Chat": "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001",
        "Schema": "pollyweb.org/HOST/BOOKING/SELF:1.0",
        "Starts": "2026-01-02T03:00:00.000Z",
        "Token": TOKEN,
        "Until": "2026-01-09T03:00:00.000Z",
    },
    "an empty body": {},
    "2 KB of text, not ASCII": {"Text": "Zoë wants two seats. " * 90, "Token": TOKEN},
    "400 small values": {f"Key{number}": [number, str(number)] for number in range(200)},
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--messages", type=int, default=200)
    options = parser.parse_args(arguments)
    worst = 0.0
    print(f"{'message':28}{'bytes':>7}{'floor':>9}{'ours':>9}{'ratio':>7}")
    for name, body in BODIES.items():
        size, floor, ours = measure(body, options.rounds, options.messages)
        worst = max(worst, ours / floor)
        micro = f"{floor * 1e6:7.1f}us{ours * 1e6:7.1f}us"
        print(f"{name:28}{size:7}{micro}{ours / floor:7.2f}")
    print(f"verify: at most {worst:.2f} times the floor, the limit is {LIMIT}")
    return int(worst > LIMIT)


def measure(body: dict[str, Any], rounds: int, count: int) -> tuple[int, float, float]:
    """Return the size of a message, and the seconds of its floor and of our check."""
    from messaging import clock
    from messaging.envelope import Envelope
    from messaging.signing import PrivateKey

    private = PrivateKey.generate()
    envelopes = [
        Envelope.build(
            sender="theatre.test",
            to="broker.test",
            subject="Issue@Broker",
            body=body,
            selector="pw1",
            now=clock.now(),
        ).signed(private)
        for _ in range(count)
    ]
    raws = [envelope.to_bytes() for envelope in envelopes]
    signed = [(base64.b64decode(each.signature), each.canonical()) for each in envelopes]
    bare = Ed25519PublicKey.from_public_bytes(private.public.raw)
    public = private.public

    def floor() -> None:
        for raw, (signature, canonical) in zip(raws, signed, strict=True):
            json.loads(raw)
            bare.verify(signature, canonical)

    def ours() -> None:
        for raw in raws:
            envelope = Envelope.read(raw, max_bytes=262144)
            if not (envelope.hash_matches() and envelope.verifies(public)):
                raise AssertionError("a good message does not verify")

    return len(raws[0]), *in_turns(floor, ours, rounds, count)


def in_turns(
    first: Callable[[], None], second: Callable[[], None], rounds: int, count: int
) -> tuple[float, float]:
    """Return the least seconds of one message for each, run one after the other.

    The least, because other work on the machine only adds.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for times, work in zip(taken, (first, second), strict=True):
            started = time.process_time()
            work()
            times.append((time.process_time() - started) / count)
    return min(taken[0]), min(taken[1])


if __name__ == "__main__":
    django.setup()
    sys.exit(main(sys.argv[1:]))
