"""Chat rows that enter a state start their handler script."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from host.datasets import chat_row
from host.models import Chat
from host.states import ChatState
from scripts.events import Wiring, start_handlers

CHATS = Wiring(
    library="host",
    item="Chat",
    dataset="Host.Chats",
    row=chat_row,
    handlers={ChatState.ACTIVE: "OnChatActivated"},
)


def on_chat_saved(sender: type[Chat], instance: Chat, **_: Any) -> None:
    start_handlers(CHATS, instance)


def connect() -> None:
    """Connect the one receiver of each itemised model."""
    post_save.connect(on_chat_saved, sender=Chat, dispatch_uid="host.chat")
