"""What an issuer is told of an offer that was discarded after it had been acknowledged."""

from __future__ import annotations

from broker.models import Token
from broker.states import Refusal
from messaging import outbox
from messaging.models import InboxMessage
from messaging.syntax import is_uuid

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
