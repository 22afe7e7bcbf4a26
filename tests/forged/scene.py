"""The world that forgers attack: an open offer, its wallet and chat, and peers with keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from config.demo.data import seed
from messaging import clock, key_life, keys
from messaging.canonical import sha256_hex
from messaging.envelope import SCHEMA
from messaging.keys import signing_key
from messaging.signing import PrivateKey, SigningKey
from messaging.syntax import format_time
from tests.flows.steps import agreed_ticket
from tests.person import BROKER, Person
from tests.pump import pump

THEATRE = "theatre.test"
GYM = "gym.test"
CHARLIE = "charlie.test"  # a stranger with a key of its own, pinned here
LEFT_OUT = object()


def canonical(value: Any) -> bytes:
    """Return the bytes to sign as the reference library makes them, also of what we refuse."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def spelt(value: Any) -> bytes:
    """Return JSON as the reference library puts it on the wire."""
    return json.dumps(value).encode()


def sealed(header: dict[str, Any], body: Any, key: SigningKey) -> dict[str, Any]:
    """Return a message with the hash and signature of just this content."""
    data = canonical({"Body": body, "Header": header})
    return {"Header": header, "Body": body, "Hash": sha256_hex(data), "Signature": key.sign(data)}


@dataclass
class Scene:
    """Alice was offered a theatre ticket by broker.test and said yes; Bob only has a wallet."""

    alice: Person
    bob: Person
    chat: str
    token: str
    other_chat: str
    charlie: PrivateKey = field(default_factory=PrivateKey.generate)
    retired: tuple[str, SigningKey] = ("", PrivateKey.generate())
    compromised: tuple[str, SigningKey] = ("", PrivateKey.generate())

    def header(self, **changes: Any) -> dict[str, Any]:
        """Return the Header of the broker's word to the theatre, with changes."""
        header = {
            "Schema": SCHEMA,
            "From": BROKER,
            "To": THEATRE,
            "Subject": "Offered@Issuer",
            "Correlation": str(uuid4()),
            "Timestamp": format_time(clock.now()),
            "Selector": signing_key(BROKER)[0],
        }
        return {
            name: value for name, value in {**header, **changes}.items() if value is not LEFT_OUT
        }

    def body(self, **changes: Any) -> dict[str, Any]:
        """Return what would decline Alice's ticket, with changes."""
        return {"Token": self.token, "Answer": "DECLINED", **changes}

    def broker_key(self) -> SigningKey:
        return signing_key(BROKER)[1]

    def genuine(self, body: Any = None, **header: Any) -> dict[str, Any]:
        """Return a message of the broker, properly signed whatever it says."""
        body = self.body() if body is None else body
        return sealed(self.header(**header), body, self.broker_key())

    def of_wallet(
        self,
        subject: str,
        body: dict[str, Any],
        *,
        who: str = "",
        key: SigningKey | None = None,
        **header: Any,
    ) -> dict[str, Any]:
        """Return a message of Alice's wallet to the broker."""
        values: dict[str, Any] = {"From": who or self.alice.wallet, "To": BROKER}
        values |= {"Subject": subject, "Selector": LEFT_OUT, **header}
        return sealed(self.header(**values), body, key or self.alice.key)

    def of_chat(
        self, subject: str, body: dict[str, Any], *, key: SigningKey | None = None, **header: Any
    ) -> dict[str, Any]:
        """Return a message signed with the key of Alice's chat at the theatre."""
        values = {"From": "Anonymous", "Subject": subject, "Selector": LEFT_OUT, **header}
        return sealed(self.header(**values), body, key or self.alice.chat_keys[self.chat])

    def of_domain(
        self, domain: str, to: str, subject: str, body: dict[str, Any], **header: Any
    ) -> dict[str, Any]:
        """Return a message properly signed by a domain hosted here, or by charlie.test."""
        selector, key = ("pw1", self.charlie) if domain == CHARLIE else signing_key(domain)
        values = {"From": domain, "To": to, "Subject": subject, "Selector": selector, **header}
        return sealed(self.header(**values), body, key)


Make = Callable[[Scene], bytes]


def build() -> Scene:
    """Play up to the moment at which a forgery would hurt, and return who there is."""
    seed()
    alice, bob = Person("alice"), Person("bob")
    for person in (alice, bob):
        person.onboard()
        pump()
    other_chat = alice.open(f".HOST,{GYM},membership")
    chat, token = agreed_ticket(alice)
    scene = Scene(alice, bob, chat, token, other_chat)
    keys.pin_key(CHARLIE, "pw1", scene.charlie.public.spki)
    scene.retired = _outlived(GYM, key_life.retire)
    scene.compromised = _outlived(
        "library.test", lambda name, selector: key_life.compromise(name, selector)
    )
    return scene


def _outlived(domain: str, end: Callable[[str, str], Any]) -> tuple[str, SigningKey]:
    """Rotate a domain's key, end the old one, and return it: what a thief may have kept."""
    before = signing_key(domain)
    key_life.create_next(domain)
    key_life.rotate(domain, check_published=False)
    clock.move(8 * 86_400)  # a key is kept until no message of it can be under way
    end(domain, before[0])
    clock.reset()
    return before
