"""A person with a wallet, as far as the wire shows them: keys, signed messages, notifications.

Speaks to the inbox in this process, so that a test decides the moment of every step.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from messaging import clock, inbox
from messaging.envelope import Envelope
from messaging.signing import PrivateKey
from tests.pump import pump
from wallets.models import Notification

BROKER = "broker.test"
NOTIFIER = "notifier.test"


class Person:
    """Keys and what the wallet knows; every method sends one message and returns its answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = PrivateKey.generate()
        self.chat_keys: dict[str, PrivateKey] = {}
        self.wallet = ""

    def send(
        self,
        to: str,
        subject: str,
        body: dict[str, Any],
        *,
        sender: str | None = None,
        key: PrivateKey | None = None,
        correlation: str | None = None,
    ) -> inbox.Answer:
        """Sign and hand in a message; from the wallet unless told otherwise."""
        envelope = Envelope.build(
            sender=sender or self.wallet,
            to=to,
            subject=subject,
            body=body,
            correlation=correlation,
            now=clock.now(),
        )
        return inbox.receive(envelope.signed(key or self.key).to_bytes())

    def send_in_chat(self, chat: str, to: str, subject: str, body: dict[str, Any]) -> inbox.Answer:
        """Sign as nobody in particular, with the chat's key."""
        return self.send(to, subject, body, sender="Anonymous", key=self.chat_keys[chat])

    def onboard(self) -> None:
        body = {"Language": "en-us", "PublicKey": self.key.public.spki}
        answer = self.send(NOTIFIER, "Onboard@Notifier", body, sender="Anonymous")
        assert answer.status == 200, answer
        self.wallet = response(answer)["Wallet"]

    def waiting(self, subject: str) -> list[dict[str, Any]]:
        """Return the bodies of this wallet's notifications of a subject, oldest first."""
        rows = Notification.objects.filter(registration__wallet=self.wallet, subject=subject)
        return [dict(row.message["Body"]) for row in rows.order_by("created_at", "id")]

    def open(self, locator: str) -> str:
        """Follow a locator and let the host speak; return the chat's id."""
        hook = str(uuid4())
        answer = self.send(BROKER, "Locate@Broker", {"Locator": locator, "Hook": hook})
        assert answer.status == 200, answer
        pump()
        opened = [body for body in self.waiting("Open@Notifier") if body["Hook"] == hook]
        [chat] = [str(body["Chat"]) for body in opened]
        self.chat_keys[chat] = PrivateKey.generate()
        body = {"Chat": chat, "PublicKey": self.chat_keys[chat].public.spki}
        assert self.send(BROKER, "Opened@Broker", body).status == 200
        pump()
        return chat

    def prompts(self, chat: str) -> list[dict[str, Any]]:
        """Return the chat's prompts so far, oldest first, each with what the host says of it."""
        shown = []
        for intent in self.waiting("Prompt@Notifier"):
            if intent["Chat"] != chat:
                continue
            body = {"Prompt": intent["Hook"]}
            answer = self.send_in_chat(chat, intent["Sender"], "Prompted@Host", body)
            content = response(answer) if answer.status == 200 else {}
            shown.append({**intent, **content})
        return shown

    def lines(self, chat: str) -> list[str]:
        """Return what the person reads in a chat, as `FORMAT text`."""
        return [f"{prompt['Format']} {prompt.get('Text', '')}" for prompt in self.prompts(chat)]

    def reply(self, chat: str, prompt: dict[str, Any], **answer: str) -> inbox.Answer:
        """Answer a prompt: Result and Answer as keywords."""
        body = {"Prompt": prompt["Hook"], **answer}
        return self.send_in_chat(chat, prompt["Sender"], "Reply@Host", body)

    def answer_last(self, chat: str, **answer: str) -> None:
        """Answer the newest prompt of a chat and let everything settle."""
        assert self.reply(chat, self.prompts(chat)[-1], **answer).status == 200
        pump()

    def download(self, chat: str, issuer: str, token: str) -> inbox.Answer:
        return self.send_in_chat(chat, issuer, "Issued@Issuer", {"Token": token})

    def saved(self, issuer: str, token: str, path: str = "tokens/1") -> inbox.Answer:
        body = {"Issuer": issuer, "Token": token, "Path": path}
        return self.send(BROKER, "Saved@Broker", body)


def response(answer: inbox.Answer) -> dict[str, Any]:
    """Return the body of a sync answer's signed response."""
    body: dict[str, Any] = json.loads(json.dumps(answer.body))["Response"]["Body"]
    return body
