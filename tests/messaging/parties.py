"""Who takes part in messaging's tests: peers that sign, and the desk that handles messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from messaging import clock, keys
from messaging.envelope import Envelope
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import Mode, Question, Sender, Subject
from messaging.signing import PrivateKey, PublicKey

THEATRE = "theatre.test"
BROKER = "broker.test"
WALLET = "3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f"
CHAT = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
TOKEN = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"
CORRELATION = "125a5c75-cb72-43d2-9695-37026dfcaa48"


@dataclass
class Peer:
    """Somebody who signs messages: a domain, a wallet, or a stranger with a chat key."""

    name: str
    selector: str = ""
    key: PrivateKey = field(default_factory=PrivateKey.generate)

    def envelope(
        self,
        subject: str,
        body: dict[str, Any] | None = None,
        *,
        to: str = THEATRE,
        correlation: str | None = None,
        now: datetime | None = None,
    ) -> Envelope:
        unsigned = Envelope.build(
            sender=self.name,
            to=to,
            subject=subject,
            body={} if body is None else body,
            selector=self.selector,
            correlation=correlation,
            now=now or clock.now(),
        )
        return unsigned.signed(self.key)

    def message(self, subject: str, body: dict[str, Any] | None = None, **rest: Any) -> bytes:
        return self.envelope(subject, body, **rest).to_bytes()


def pinned_peer(name: str = BROKER, selector: str = "pw1") -> Peer:
    """Return a domain whose key is pinned here."""
    peer = Peer(name, selector)
    keys.pin_key(name, selector, peer.key.public.spki)
    return peer


@dataclass
class Desk:
    """What the apps above messaging would be: starts and answers messages, hears outcomes."""

    wallet: Peer = field(default_factory=lambda: Peer(WALLET))
    chat: Peer = field(default_factory=lambda: Peer("Anonymous"))
    status: int | None = 200
    may_answer: bool = True
    body: dict[str, Any] = field(default_factory=lambda: {"Status": "ACTIVE"})
    started: list[str] = field(default_factory=list)
    driven: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    responses: list[tuple[str, dict[str, Any] | None, str]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    undeliverable: list[str] = field(default_factory=list)

    def wallet_key(self, envelope: Envelope) -> PublicKey | None:
        return self.wallet.key.public if envelope.header.sender == WALLET else None

    def chat_key(self, envelope: Envelope) -> PublicKey | None:
        if envelope.header.to != THEATRE or envelope.body["Token"] != TOKEN:
            return None
        return self.chat.key.public

    @property
    def subjects(self) -> dict[str, Subject]:
        only = frozenset
        chat_key, wallet_key = self.chat_key, self.wallet_key
        table = [
            Subject("Offered@Issuer", Mode.ASYNC, only({Sender.DOMAIN})),
            Subject("Status@Broker", Mode.SYNC, only({Sender.DOMAIN})),
            Subject("Saved@Broker", Mode.ASYNC, only({Sender.WALLET}), key=wallet_key),
            Subject("Issued@Issuer", Mode.SYNC, only({Sender.CHAT}), key=chat_key),
            Subject("Reply@Host", Mode.ASYNC, only({Sender.CHAT}), key=chat_key),
            Subject("Onboard@Notifier", Mode.SYNC, only({Sender.SELF})),
            Subject("Manifest@Domain", Mode.SYNC, only({Sender.UNSIGNED}), public=True),
            Subject("PublicKey@Graph", Mode.SYNC, only({Sender.UNSIGNED}), public=True),
        ]
        return {subject.name: subject for subject in table}

    def start(self, message: InboxMessage) -> None:
        self.started.append(str(message.pk))

    def drive(self, message: InboxMessage) -> bool:
        self.driven.append(str(message.pk))
        if self.status is not None:
            unanswered = InboxMessage.objects.filter(pk=message.pk, response_status=None)
            unanswered.update(response_status=self.status, response=self.body, state="HANDLED")
        return self.may_answer

    def answer(self, question: Question) -> tuple[int, dict[str, Any]]:
        self.answered.append(question.subject)
        return 200, self.body

    def on_response(self, message: OutboxMessage, body: dict[str, Any] | None, error: str) -> None:
        self.responses.append((str(message.pk), body, error))

    def on_delivered(self, message: OutboxMessage) -> None:
        self.delivered.append(str(message.pk))

    def on_undeliverable(self, message: OutboxMessage) -> None:
        self.undeliverable.append(str(message.pk))
