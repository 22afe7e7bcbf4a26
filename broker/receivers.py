"""Chat and token rows that enter a state or a status start their handler script."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from broker.datasets import chat_row, token_row
from broker.models import Chat, Token
from broker.states import ChatState, TokenState, TokenStatus
from scripts.events import Wiring, start_handlers

CHATS = Wiring(
    library="broker",
    item="Chat",
    dataset="Broker.Chats",
    row=chat_row,
    handlers={
        ChatState.ASKED: "OnChatAsked",
        ChatState.DETAILED: "OnChatDetailed",
        ChatState.OPENED: "OnChatOpened",
        ChatState.ACTIVE: "OnChatActivated",
        ChatState.WRAPPED: "OnChatEnded",
        ChatState.ABANDONED: "OnChatEnded",
    },
)
TOKENS = Wiring(
    library="broker",
    item="Token",
    dataset="Broker.Tokens",
    row=token_row,
    handlers={
        TokenState.ISSUED: "OnTokenIssued",
        TokenState.DETAILED: "OnTokenDetailed",
        TokenState.OFFERED: "OnTokenOffered",
        TokenState.SAVED: "OnTokenSaved",
        TokenState.DECLINED: "OnTokenDeclined",
        TokenState.EXPIRED: "OnTokenExpired",
        TokenState.WITHDRAWN: "OnTokenWithdrawn",
        TokenStatus.ACTIVE: "OnTokenRevised",
        TokenStatus.SUSPENDED: "OnTokenRevised",
        TokenStatus.REVOKED: "OnTokenRevised",
    },
    timers={TokenState.ISSUED: ("OnTokenLapsed", "until")},
)


def on_chat_saved(sender: type[Chat], instance: Chat, **_: Any) -> None:
    start_handlers(CHATS, instance)


def on_token_saved(sender: type[Token], instance: Token, **_: Any) -> None:
    start_handlers(TOKENS, instance)


def connect() -> None:
    """Connect the one receiver of each itemised model."""
    post_save.connect(on_chat_saved, sender=Chat, dispatch_uid="broker.chat")
    post_save.connect(on_token_saved, sender=Token, dispatch_uid="broker.token")
