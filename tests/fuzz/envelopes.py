"""Mutated messages against the real inbox and the real handlers: nothing may raise.

    python -m tests.fuzz.envelopes [--messages 1000000] [--seed 1] [--signed 0.05]

Starts from the messages of a whole flow, changes bytes or places at random, signs some of them
again so that they get to their handlers, and hands them in. A message that makes the inbox raise,
or answer with a 5xx (but "try again later", when a key cannot be looked up), or leaves a run set
aside, is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import django

from config.demo.server import NO_LIMITS

TRY_AGAIN = 503
REFRESH = 2000  # messages after which all are dated and signed anew, and what is due is done


@dataclass
class Faults(logging.Handler):
    """Hears what the code itself reports as an error."""

    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(str(record.msg)[:2000])


@dataclass
class Sample:
    """A message of the flow as JSON, and the key that signs it (None: unsigned)."""

    value: dict[str, Any]
    key: Any

    def dated(self, random: Random, now: str) -> dict[str, Any]:
        header = dict(self.value["Header"], Timestamp=now)
        header["Correlation"] = str(UUID(int=random.getrandbits(128)))
        return self.signed({**self.value, "Header": header})

    def signed(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the message signed by who should, if what it holds can be signed at all."""
        if self.key is None:
            return value
        try:
            payload = {"Header": value["Header"], "Body": value["Body"]}
            text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            data = text.encode()
        except (KeyError, TypeError, ValueError):
            return value
        proof = {"Hash": hashlib.sha256(data).hexdigest(), "Signature": self.key.sign(data)}
        return {**value, **proof}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--signed", type=float, default=0.05, help="share that is signed again")
    options = parser.parse_args(arguments)
    faults = Faults()
    samples = prepare(faults)
    started = time.monotonic()
    statuses, bad = fuzz(samples, options, faults)
    seconds = time.monotonic() - started
    for line in bad[:20]:
        say(line)
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    total = sum(statuses.values())
    say(f"{total} messages of {len(samples)} kinds in {seconds:.0f} s: {counted}")
    say(f"unhandled errors: {len(bad)}")
    return int(bool(bad))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def prepare(faults: Faults) -> list[Sample]:
    """Make the database and play a flow; return its messages with their keys."""
    from celery import Celery
    from django.core.management import call_command

    from config.demo.data import seed
    from messaging import keys
    from messaging.models import InboxMessage
    from tests.flows.steps import agreed_ticket
    from tests.person import Person
    from tests.pump import pump

    logging.getLogger().handlers = [faults]
    # No worker listens: rows say what is due.
    Celery.send_task = lambda *args, **options: None  # type: ignore[assignment, method-assign]
    call_command("migrate", verbosity=0)
    seed()
    person = Person("alice")
    person.onboard()
    pump()
    chat, token = agreed_ticket(person)
    person.download(chat, "theatre.test", token)
    person.saved("theatre.test", token)
    pump()
    own = {"Anonymous": person.chat_keys[chat], person.wallet: person.key}
    samples = {}
    for message in InboxMessage.objects.all():
        sender = message.envelope["Header"]["From"]
        key = own[sender] if sender in own else keys.signing_key(sender)[1]
        key = person.key if message.subject == "Onboard@Notifier" else key
        samples[message.subject] = Sample(message.envelope, key)
    return [*samples.values(), *public_samples(samples["Hello@Host"].value)]


def public_samples(like: dict[str, Any]) -> list[Sample]:
    """Return the unsigned questions that anybody may ask."""
    bodies: dict[str, dict[str, Any]] = {
        "Manifest@Domain": {},
        "About@Graph": {"Domain": "theatre.test", "Language": "en-us"},
        "Schema@Graph": {"Schema": ".HOST/BOOKING/SELF", "Language": "en-us"},
        "Trusts@Graph": {
            "Truster": "theatre.test",
            "Trusted": "broker.test",
            "Role": "ANY",
            "Schema": ".BROKER",
        },
        "PublicKey@Graph": {"Domain": "theatre.test", "DKIM": "pw1"},
    }
    header = {name: text for name, text in like["Header"].items() if name != "Selector"}
    return [
        Sample({"Header": {**header, "From": "Anonymous", "Subject": name}, "Body": body}, None)
        for name, body in bodies.items()
    ]


def fuzz(samples: list[Sample], options: Any, faults: Faults) -> tuple[Counter[int], list[str]]:
    """Hand in mutated messages; return how often each status was answered, and what went wrong."""
    from messaging import clock, inbox
    from messaging.syntax import format_time
    from scripts.models import Run
    from tests.fuzz.mutations import mutate_bytes, mutate_tree, spelt
    from tests.pump import pump

    random = Random(options.seed)
    statuses, bad = Counter[int](), list[str]()
    fresh: list[dict[str, Any]] = []
    raws: list[bytes] = []
    for number in range(options.messages):
        if number % REFRESH == 0:
            pump(100_000)
            now = format_time(clock.now())
            fresh = [sample.dated(random, now) for sample in samples]
            raws = [json.dumps(value).encode() for value in fresh]
            say(f"{number}: {dict(statuses)}")
        pick = random.randrange(len(samples))
        if random.random() < 0.6:
            raw = mutate_bytes(raws[pick], raws, random)
        else:
            value = mutate_tree(fresh[pick], random)
            if random.random() < options.signed / 0.4:
                value = samples[pick].signed(value)
            raw = spelt(value, random)
        try:
            status = inbox.receive(raw).status
        except Exception as fault:  # noqa: BLE001 - the very thing that is looked for
            bad.append(f"message {number} of seed {options.seed}: {fault!r}: {raw[:1500]!r}")
            continue
        statuses[status] += 1
        if status >= 500 and status != TRY_AGAIN:
            bad.append(f"message {number} of seed {options.seed}: {status}: {raw[:1500]!r}")
    pump(100_000)
    aside = Run.objects.filter(state="QUARANTINED")
    bad += [f"run of {run.script} set aside: {run.error}" for run in aside[:10]]
    return statuses, bad + [f"reported: {text}" for text in faults.found]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "COUNTERSIGN_DATA": folder,
            "DATABASE_URL": "sqlite://:memory:",
            "DNS_RESOLVERS": "127.0.0.1:1",
            "LOG_LEVEL": "ERROR",
            **NO_LIMITS,
        }
        django.setup()
        sys.exit(main(sys.argv[1:]))
