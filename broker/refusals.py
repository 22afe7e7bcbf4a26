"""What was discarded after it had been acknowledged: what we tell, and what we are told."""

from __future__ import annotations

from broker import offers, selectors
from broker.datasets import chat_row
from broker.models import Token
from broker.states import Refusal
from messaging import outbox
from messaging.models import InboxMessage, OutboxMessage
from messaging.syntax import is_uuid
from scripts.services import start_handler

# By what ended the handler. What a peer is told is one of a few words, whatever the log says.
CODES = {
    "MISSING": Refusal.NOT_YOUR_CHAT,
    "ASSERTION": Refusal.MALFORMED,
    "TYPE": Refusal.MALFORMED,
    "REFUSED": Refusal.MALFORMED,
}


def refuse_offer(message: InboxMessage, code: str) -> bool:
    """Answer `Offered@Issuer` DECLINED, Reason REFUSED, in the caller's transaction.

    Returns False for one that names no token, and for a bad repeat of an offer that was taken:
    the answer would decline the first. Those are told to the sender's Buffer.
    """
    token = message.envelope["Body"].get("Token")
    if not is_uuid(token):
        return False
    known = Token.objects.filter(domain=message.recipient, issuer=message.sender, token=token)
    if known.exists():
        return False
    body = {"Token": token, "Answer": "DECLINED", "Reason": "REFUSED", "Code": code_of(code)}
    outbox.queue(
        sender=message.recipient,
        recipient=message.sender,
        subject="Offered@Issuer",
        body=body,
        key=f"refused:{message.pk}",
    )
    return True


def code_of(code: str) -> str:
    """Return the word for the issuer: our own if the fault had one, else by its kind."""
    if code in Refusal.values:
        return code
    return CODES.get(code, Refusal.BROKER_FAILED).value


def hear_host(message: OutboxMessage, reason: str) -> None:
    """A host discarded `Hello@Host`: nobody will speak in the chat, and its person is told."""
    chat = selectors.chat_by_id(message.sender, message.body.get("Chat"))
    if chat is not None and chat.host == message.recipient:
        start_handler(
            "broker",
            "OnHostRefused",
            domain=chat.domain,
            trigger=f"refused:{message.pk}",
            item=("Chat", "Broker.Chats", chat_row(chat)),
        )


def hear_notifier(message: OutboxMessage, reason: str) -> None:
    """A notifier discarded `Save@Notifier`: the wallet saves nothing, and the issuer is told."""
    key = {"Issuer": message.body.get("Issuer"), "Token": message.body.get("Token")}
    token = selectors.token_by_key(message.sender, key)
    if token is not None and token.wallet.notifier == message.recipient:
        offers.give_up_saving(str(token.pk), origin=f"domain:{message.recipient}")


DISCARDED = {"Hello@Host": hear_host, "Save@Notifier": hear_notifier}
