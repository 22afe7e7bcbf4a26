"""The subjects a Broker answers, who may send them, and where wallets' keys are found."""

from broker import room, selectors
from messaging import rates
from messaging.envelope import Envelope
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PublicKey

DOMAIN = frozenset({Sender.DOMAIN})
WALLET = frozenset({Sender.WALLET})


def wallet_key(envelope: Envelope) -> PublicKey | None:
    """Return the key of the wallet that says it sent this; None for an unknown wallet."""
    wallet = selectors.wallet_by_id(envelope.header.to.lower(), envelope.header.sender)
    return None if wallet is None else PublicKey.from_text(wallet.public_key)


def may_prompt(envelope: Envelope) -> bool:
    """Say whether a host may prompt in a chat now: each prompt is work for the broker, too."""
    share = f"{envelope.header.sender.lower()} {str(envelope.body.get('Chat', ''))[:100]}"
    return not rates.is_over("chat", share) and room.for_prompt(envelope)


SUBJECTS = {
    "Onboard@Broker": Subject("Onboard@Broker", Mode.SYNC, DOMAIN),
    "Locate@Broker": Subject(
        "Locate@Broker", Mode.ASYNC, WALLET, key=wallet_key, has_room=room.for_chat
    ),
    "Opened@Broker": Subject("Opened@Broker", Mode.ASYNC, WALLET, key=wallet_key),
    "Chat@Broker": Subject("Chat@Broker", Mode.SYNC, DOMAIN),
    "Prompt@Broker": Subject("Prompt@Broker", Mode.ASYNC, DOMAIN, has_room=may_prompt),
    "Goodbye@Broker": Subject("Goodbye@Broker", Mode.ASYNC, DOMAIN),
    "Abandon@Broker": Subject("Abandon@Broker", Mode.ASYNC, WALLET, key=wallet_key),
    "Home@Broker": Subject("Home@Broker", Mode.ASYNC, WALLET, key=wallet_key),
    "Emoji@Broker": Subject("Emoji@Broker", Mode.SYNC, DOMAIN),
    "Issue@Broker": Subject("Issue@Broker", Mode.ASYNC, DOMAIN),
    "Saved@Broker": Subject("Saved@Broker", Mode.ASYNC, WALLET, key=wallet_key),
    "Revise@Broker": Subject("Revise@Broker", Mode.ASYNC, DOMAIN),
    "Frontend@Broker": Subject("Frontend@Broker", Mode.SYNC, WALLET, key=wallet_key),
    "PublicKey@Graph": Subject(
        "PublicKey@Graph",
        Mode.SYNC,
        frozenset({Sender.DOMAIN, Sender.UNSIGNED}),
        public=True,
    ),
}
