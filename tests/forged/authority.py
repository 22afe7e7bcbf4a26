"""Check 11: who really signs, says what is not theirs to say. Acknowledged, and without effect."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.forged.case import Case
from tests.forged.scene import GYM, THEATRE, Scene
from tests.person import BROKER

FAR = "2126-01-02T03:00:00Z"
NOTIFIER = "notifier.test"


def by(domain: str, to: str, subject: str, **body: Any) -> Any:
    """A message of `domain`; values that are functions are asked of the scene."""

    def make(scene: Scene) -> dict[str, Any]:
        values = {name: part(scene) if callable(part) else part for name, part in body.items()}
        return scene.of_domain(domain, to, subject, values)

    return make


def by_bob(subject: str, **body: Any) -> Any:
    def make(scene: Scene) -> dict[str, Any]:
        values = {name: part(scene) if callable(part) else part for name, part in body.items()}
        return scene.of_wallet(subject, values, who=scene.bob.wallet, key=scene.bob.key)

    return make


def token(scene: Scene) -> str:
    return scene.token


def chat(scene: Scene) -> str:
    return scene.chat


def wallet(scene: Scene) -> str:
    return scene.alice.wallet


def another(scene: Scene) -> str:
    return str(uuid4())


OFFER: dict[str, Any] = {"Schema": ".HOST/BOOKING", "Starts": FAR, "Expires": FAR, "Until": FAR}
ASK: dict[str, Any] = {"Format": "CONFIRM", "Expires": FAR, "Emoji": "x"}
MAKERS: dict[str, Any] = {
    "another broker accepts": by(GYM, THEATRE, "Offered@Issuer", Token=token, Answer="ACCEPTED"),
    "another broker declines": by(GYM, THEATRE, "Offered@Issuer", Token=token, Answer="DECLINED"),
    "the issuer decides for itself": by(
        THEATRE, THEATRE, "Offered@Issuer", Token=token, Answer="ACCEPTED"
    ),
    "the broker, with an answer that is none": by(
        BROKER, THEATRE, "Offered@Issuer", Token=token, Answer="MAYBE"
    ),
    "the broker, of a token at another issuer": by(
        BROKER, GYM, "Offered@Issuer", Token=token, Answer="ACCEPTED"
    ),
    "another issuer offers in the chat": by(
        GYM, BROKER, "Issue@Broker", Token=another, Chat=chat, **OFFER
    ),
    "another issuer offers the same token": by(
        GYM, BROKER, "Issue@Broker", Token=token, Chat=chat, **OFFER
    ),
    "an offer in a chat that is none": by(
        THEATRE, BROKER, "Issue@Broker", Token=another, Chat=another, **OFFER
    ),
    "another issuer revokes": by(GYM, BROKER, "Revise@Broker", Token=token, Status="REVOKED"),
    "another host asks": by(GYM, BROKER, "Prompt@Broker", Chat=chat, Prompt=another, **ASK),
    "another host ends the chat": by(GYM, BROKER, "Goodbye@Broker", Chat=chat),
    "another broker ends the chat": by(GYM, THEATRE, "Abandoned@Host", Chat=chat),
    "another broker tells a wallet to save": by(
        GYM, NOTIFIER, "Save@Notifier", Wallet=wallet, Token=token, Issuer=GYM
    ),
    "another broker tells a wallet to let go": by(
        GYM, NOTIFIER, "Remove@Notifier", Wallet=wallet, Token=token, Issuer=THEATRE, Path="x"
    ),
    "another broker rings at a wallet": by(
        GYM,
        NOTIFIER,
        "Prompt@Notifier",
        Wallet=wallet,
        Chat=chat,
        Hook=another,
        Sender=GYM,
        Format="INFO",
    ),
    "another wallet saves": by_bob("Saved@Broker", Issuer=THEATRE, Token=token, Path="x"),
    "another wallet opens the chat": by_bob(
        "Opened@Broker", Chat=chat, PublicKey=lambda s: s.bob.key.public.spki
    ),
    "another wallet leaves the chat": by_bob("Abandon@Broker", Chat=chat),
}
SYNC: dict[str, Any] = {
    "another host reads the chat": by(GYM, BROKER, "Chat@Broker", Chat=chat),
    "another notifier brings a wallet": by(
        GYM, BROKER, "Onboard@Broker", Language="en-us", PublicKey=lambda s: s.bob.key.public.spki
    ),
}
CASES = [
    *[Case(f"authority: {name}", make, status=200, kept=True) for name, make in MAKERS.items()],
    *[
        Case(f"authority: {name}", make, status=403, error="Refused", kept=True)
        for name, make in SYNC.items()
    ],
]
