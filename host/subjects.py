"""The subjects every Host answers, who may send them, and where their keys are found."""

from host import selectors
from messaging.envelope import Envelope
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PublicKey


def prompt_key(envelope: Envelope) -> PublicKey | None:
    """Return the chat key that must sign what concerns a prompt; None for an unknown one."""
    prompt = selectors.prompt_by_id(envelope.header.to.lower(), envelope.body.get("Prompt", ""))
    return None if prompt is None else PublicKey.from_text(prompt.chat.public_key)


SUBJECTS = {
    "Hello@Host": Subject("Hello@Host", Mode.ASYNC, frozenset({Sender.DOMAIN})),
    "Prompted@Host": Subject("Prompted@Host", Mode.SYNC, frozenset({Sender.CHAT}), key=prompt_key),
    "Reply@Host": Subject("Reply@Host", Mode.ASYNC, frozenset({Sender.CHAT}), key=prompt_key),
}
