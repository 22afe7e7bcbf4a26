"""Check 5: subjects nobody serves, and senders of a class that may not say this."""

from __future__ import annotations

from typing import Any

from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import Scene
from tests.person import BROKER


def unsigned(subject: str, to: str = "theatre.test") -> Any:
    def make(scene: Scene) -> dict[str, Any]:
        header = scene.header(From="Anonymous", To=to, Subject=subject)
        del header["Selector"]
        return {"Header": header, "Body": {"Token": scene.token, "Chat": scene.chat}}

    return make


def from_broker(subject: str) -> Any:
    return lambda scene: scene.genuine({"Token": scene.token}, Subject=subject)


def from_wallet(subject: str) -> Any:
    return lambda scene: scene.of_wallet(subject, {"Token": scene.token, "Chat": scene.chat})


def from_chat(subject: str) -> Any:
    return lambda scene: scene.of_chat(subject, scene.body(), To=BROKER)


SUBJECT, SENDER = Reason.SUBJECT, Reason.SENDER
CASES = [
    Case("subject: unheard of", from_broker("Give@Issuer"), SUBJECT),
    Case("subject: in small letters", from_broker("offered@issuer"), SUBJECT),
    Case("subject: in capitals", from_broker("OFFERED@ISSUER"), SUBJECT),
    Case("subject: of another role", from_broker("Offered@Broker"), SUBJECT),
    Case("subject: a script's own name", from_broker("OnTokenOffered@Issuer"), SUBJECT),
    Case("subject: a python name", from_broker("receive@inbox"), SUBJECT),
    Case("sender: a domain downloads", from_broker("Issued@Issuer"), SENDER),
    Case("sender: a domain saves", from_broker("Saved@Broker"), SENDER),
    Case("sender: a domain answers a prompt", from_broker("Reply@Host"), SENDER),
    Case("sender: a domain onboards as a wallet", from_broker("Onboard@Notifier"), SENDER),
    Case("sender: a wallet offers", from_wallet("Issue@Broker"), SENDER),
    Case("sender: a wallet decides", from_wallet("Offered@Issuer"), SENDER),
    Case("sender: a wallet revises", from_wallet("Revise@Broker"), SENDER),
    Case("sender: a wallet tells a wallet to save", from_wallet("Save@Notifier"), SENDER),
    Case("sender: a wallet as a chat", from_wallet("Issued@Issuer"), SENDER),
    Case("sender: a chat decides", from_chat("Offered@Issuer"), SENDER),
    Case("sender: a chat as a wallet", from_chat("Saved@Broker"), SENDER),
    Case("sender: a chat says hello", from_chat("Hello@Host"), SENDER),
    Case("sender: unsigned, decides", unsigned("Offered@Issuer"), SENDER),
    Case("sender: unsigned, downloads", unsigned("Issued@Issuer"), SENDER),
    Case("sender: unsigned, says hello", unsigned("Hello@Host"), SENDER),
    Case("sender: unsigned, offers", unsigned("Issue@Broker", BROKER), SENDER),
    Case("sender: unsigned, saves", unsigned("Saved@Broker", BROKER), SENDER),
    Case("sender: unsigned, onboards", unsigned("Onboard@Notifier", "notifier.test"), SENDER),
]
