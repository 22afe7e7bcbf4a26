"""Check 9: messages that were genuine once, used again."""

from __future__ import annotations

from typing import Any

from messaging import inbox
from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import Scene, spelt
from tests.person import BROKER
from tests.pump import pump


def heard(value: dict[str, Any]) -> dict[str, Any]:
    """Let a message arrive as it should, and settle; return it."""
    answer = inbox.receive(spelt(value))
    assert answer.status == 200, answer
    pump()
    return value


def harmless(scene: Scene, **header: Any) -> dict[str, Any]:
    """Return a message of the broker about a token that does not exist."""
    body = {"Token": "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002", "Answer": "DECLINED"}
    return scene.genuine(body, **header)


def again(scene: Scene) -> dict[str, Any]:
    return heard(harmless(scene))


def again_in_another_order(scene: Scene) -> dict[str, Any]:
    value = heard(harmless(scene))
    return {name: value[name] for name in reversed(value)}


def again_from_capitals(scene: Scene) -> dict[str, Any]:
    """The same correlation under another spelling of the sender is no other message."""
    value = heard(harmless(scene))
    correlation = value["Header"]["Correlation"]
    return scene.genuine(From="Broker.Test", Correlation=correlation)


def other_content(scene: Scene) -> dict[str, Any]:
    value = heard(harmless(scene))
    return scene.genuine(Correlation=value["Header"]["Correlation"])


def other_subject(scene: Scene) -> dict[str, Any]:
    value = heard(harmless(scene))
    header = {"Correlation": value["Header"]["Correlation"], "Subject": "Hello@Host"}
    return scene.genuine({"Chat": scene.chat}, **header)


def other_recipient(scene: Scene) -> dict[str, Any]:
    value = heard(harmless(scene))
    return harmless(scene, Correlation=value["Header"]["Correlation"], To="gym.test")


def other_spelling(scene: Scene) -> dict[str, Any]:
    value = heard(harmless(scene))
    return value | {"Signature": value["Signature"] + "\n"}


def wallet_again(scene: Scene) -> dict[str, Any]:
    body = {"Issuer": "gym.test", "Token": scene.token, "Path": "x"}
    return heard(scene.of_wallet("Saved@Broker", body))


def wallet_other_content(scene: Scene) -> dict[str, Any]:
    value = wallet_again(scene)
    body = {"Issuer": "theatre.test", "Token": scene.token, "Path": "x"}
    correlation = value["Header"]["Correlation"]
    return scene.of_wallet("Saved@Broker", body, Correlation=correlation)


def download_again(scene: Scene) -> dict[str, Any]:
    return heard(scene.of_chat("Issued@Issuer", {"Token": scene.token}))


def download_by_another(scene: Scene) -> dict[str, Any]:
    """Somebody saw a download go by and asks for the same with a key of their own."""
    value = download_again(scene)
    correlation = value["Header"]["Correlation"]
    return scene.of_chat(
        "Issued@Issuer", {"Token": scene.token}, key=scene.bob.key, Correlation=correlation
    )


def frontend_again(scene: Scene) -> dict[str, Any]:
    return heard(scene.of_wallet("Frontend@Broker", {"Sets": []}, To=BROKER))


CASES = [
    Case("repeat: as it was", again, status=200),
    Case("repeat: its keys in another order", again_in_another_order, status=200),
    Case("repeat: a wallet's", wallet_again, status=200),
    Case("repeat: a download", download_again, status=200),
    Case("repeat: a wallet's question", frontend_again, status=200),
    Case("repeat: with another content", other_content, Reason.CORRELATION),
    Case("repeat: with another content, from capitals", again_from_capitals, Reason.CORRELATION),
    Case("repeat: with another subject", other_subject, Reason.CORRELATION),
    Case("repeat: to another recipient", other_recipient, Reason.CORRELATION),
    Case("repeat: a wallet's with another content", wallet_other_content, Reason.CORRELATION),
    Case("repeat: with another spelling of its signature", other_spelling, Reason.SIGNATURE),
    Case("repeat: a download by another key", download_by_another, Reason.CHAT_KEY),
]
