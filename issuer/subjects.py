"""The subjects an Issuer answers, who may send them, and what it does when its own arrive."""

from issuer import revisions, selectors, services
from messaging.envelope import Envelope
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PublicKey


def token_key(envelope: Envelope) -> PublicKey | None:
    """Return the chat key that may download a token; None for an unknown one."""
    token = selectors.token_by_id(envelope.header.to.lower(), envelope.body.get("Token", ""))
    return None if token is None else PublicKey.from_text(token.public_key)


SUBJECTS = {
    "Issued@Issuer": Subject("Issued@Issuer", Mode.SYNC, frozenset({Sender.CHAT}), key=token_key),
    "Offered@Issuer": Subject("Offered@Issuer", Mode.ASYNC, frozenset({Sender.DOMAIN})),
}

DELIVERED = {"Issue@Broker": services.offer_token}
UNDELIVERABLE = {"Issue@Broker": services.end_offer}
RESENDABLE = {
    "Issue@Broker": services.offer_waits,
    revisions.SUBJECT: revisions.may_resend,
}
# Acknowledged by their receiver, and discarded all the same.
DISCARDED = {
    "Issue@Broker": services.refuse_offer,
    revisions.SUBJECT: revisions.hear_refusal,
}
