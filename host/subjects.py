"""The subjects every Host answers, who may send them, and where their keys are found."""

from host import questions, selectors
from messaging.envelope import Envelope
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PublicKey


def prompt_key(envelope: Envelope) -> PublicKey | None:
    """Return the chat key that must sign what concerns a prompt; None for an unknown one."""
    prompt = selectors.prompt_by_id(envelope.header.to.lower(), envelope.body.get("Prompt", ""))
    return None if prompt is None else PublicKey.from_text(prompt.chat.public_key)


def appendix_key(envelope: Envelope) -> PublicKey | None:
    """Return the chat key that must sign a request for a file; None for an unknown one."""
    domain = envelope.header.to.lower()
    file = selectors.appendix_by_id(domain, envelope.body.get("Appendix", ""))
    return None if file is None else PublicKey.from_text(file.prompt.chat.public_key)


DOMAIN = frozenset({Sender.DOMAIN})
SUBJECTS = {
    "Hello@Host": Subject("Hello@Host", Mode.ASYNC, DOMAIN),
    "Home@Host": Subject("Home@Host", Mode.ASYNC, DOMAIN),
    "Abandoned@Host": Subject("Abandoned@Host", Mode.ASYNC, DOMAIN),
    "Download@Host": Subject(
        "Download@Host", Mode.SYNC, frozenset({Sender.CHAT}), key=appendix_key
    ),
    "Prompted@Host": Subject("Prompted@Host", Mode.SYNC, frozenset({Sender.CHAT}), key=prompt_key),
    "Reply@Host": Subject(
        "Reply@Host", Mode.ASYNC, frozenset({Sender.CHAT}), key=prompt_key, sizes=4
    ),
}

# Acknowledged by their receiver, and discarded all the same.
DISCARDED = {"Prompt@Broker": questions.hear_refusal}
