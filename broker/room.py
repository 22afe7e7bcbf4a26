"""How much of a broker one wallet and one chat may fill; the rest is told to come again."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from broker.models import Chat, Intent, Token, Wallet
from broker.states import ChatState
from messaging import rows
from messaging.canonical import canonical_bytes
from messaging.envelope import Envelope
from messaging.syntax import is_uuid
from scripts.errors import refused

ENDED = (ChatState.WRAPPED, ChatState.ABANDONED)
AT_ONCE = 20


def has_more(found: QuerySet[rows.M], most: int) -> bool:
    """Say whether there are as many rows as may be; reads no more than that many keys."""
    return found.order_by().values_list("pk", flat=True)[most - 1 : most].exists()


def for_chat(envelope: Envelope) -> bool:
    """Say whether a wallet may open a chat: it has fewer than CHATS_MOST that have not ended.

    One that it has opened before may come again.
    """
    chats = Chat.objects.filter(wallet=envelope.header.sender)
    if not has_more(chats.exclude(state__in=ENDED), settings.CHATS_MOST):
        return True
    hook = envelope.body.get("Hook")
    return is_uuid(hook) and chats.filter(hook=hook).exists()


def for_prompt(envelope: Envelope) -> bool:
    """Say whether one more line may be kept of this chat: PROMPTS_KEPT_IN_CHAT at a time."""
    chat, prompt = envelope.body.get("Chat"), envelope.body.get("Prompt")
    if not (is_uuid(chat) and is_uuid(prompt)):
        return True  # the handler says what is wrong
    intents = Intent.objects.filter(chat_id=chat)
    if not has_more(intents, settings.PROMPTS_KEPT_IN_CHAT):
        return True
    return intents.filter(prompt=prompt).exists()


def check_inputs(inputs: dict[str, object]) -> None:
    """Refuse what no locator carries. Raises ScriptError."""
    size = len(canonical_bytes(inputs))
    if size > settings.LOCATOR_INPUTS_BYTES:
        raise refused(f"the Inputs of a locator have at most {settings.LOCATOR_INPUTS_BYTES} bytes")


def make_room(wallet: Wallet) -> None:
    """Forget the oldest chats that have ended, where a wallet has very many and holds nothing of
    them. The caller holds the wallet's lock."""
    ended = Chat.objects.filter(
        ~Exists(Token.objects.filter(chat=OuterRef("pk"))), wallet=wallet, state__in=ENDED
    )
    if has_more(ended, settings.CHATS_MOST):
        oldest = list(ended.order_by("created_at").values_list("pk", flat=True)[:AT_ONCE])
        Chat.objects.filter(pk__in=oldest).delete()
