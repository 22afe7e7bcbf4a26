"""The subjects a Notifier answers."""

from messaging.envelope import Envelope
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PublicKey
from wallets import quotas

DOMAIN = frozenset({Sender.DOMAIN})


def offered_key(envelope: Envelope) -> PublicKey | None:
    """Return the key that a new wallet offers, and must itself have signed with; None if none."""
    try:
        return PublicKey.from_text(str(envelope.body.get("PublicKey", "")))
    except ValueError:
        return None


SUBJECTS = {
    "Onboard@Notifier": Subject(
        "Onboard@Notifier", Mode.SYNC, frozenset({Sender.SELF}), key=offered_key
    ),
    **{
        name: Subject(name, Mode.ASYNC, DOMAIN, has_room=quotas.has_room)
        for name in (
            "Open@Notifier",
            "Prompt@Notifier",
            "Save@Notifier",
            "Remove@Notifier",
            "Updated@Notifier",
        )
    },
}
