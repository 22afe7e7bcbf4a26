"""The order in which the broker locks its rows: a chat, then its tokens; no wallet with them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from broker.models import Chat, Token
from broker.states import TokenState
from messaging import rows

LOCKED_CHAT = rows.Select(Chat, "pk", lock='FOR NO KEY UPDATE OF "broker_chat"', follow="wallet")
LOCKED_TOKEN = rows.Select(Token, "pk", lock='FOR NO KEY UPDATE OF "broker_token"', follow="wallet")


def locked_chat(chat_id: str) -> Chat:
    return LOCKED_CHAT.get(chat_id)


def locked_token(token_id: str) -> Token:
    return LOCKED_TOKEN.get(token_id)


def locked_in_turn(token_id: str) -> tuple[Token, list[Token]]:
    """Lock a token with its chat, whose turns it is; return it, and the others of the chat that
    wait to be asked about or are asked about, the oldest first."""
    chats = Chat.objects.filter(pk__in=Token.objects.filter(pk=token_id).values("chat"))
    chat_id = chats.select_for_update(no_key=True).values_list("pk", flat=True).get()
    tokens = Token.objects.select_related("wallet").select_for_update(of=("self",), no_key=True)
    turns = Q(chat=chat_id, state__in=(TokenState.QUEUED, TokenState.DETAILED))
    found = list(tokens.filter(turns | Q(pk=token_id)).order_by("pk"))
    [token] = [each for each in found if str(each.pk) == token_id]
    return token, sorted((each for each in found if each is not token), key=_age)


def _age(token: Token) -> tuple[datetime, UUID]:
    return token.created_at, token.pk
