"""Reads of the broker, always within one of our broker domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from broker.models import Chat, Token, Wallet
from broker.states import TokenState, TokenStatus
from messaging import clock, rows
from messaging.syntax import is_uuid

WALLET = rows.Select(Wallet, "domain", "pk")
CHAT = rows.Select(Chat, "domain", "pk", follow="wallet")
ASKED = (TokenState.DETAILED, TokenState.OFFERED)
SETS = ("Chats", "Tokens", "Offers", "Domains", "Schemas")


def wallet_by_id(domain: str, key: Any) -> Wallet | None:
    """Return a wallet; None when unknown or not an id."""
    if not is_uuid(str(key)):
        return None
    return WALLET.first(domain, str(key))


def chat_by_id(domain: str, key: Any) -> Chat | None:
    """Return a chat with its wallet; None when unknown or not an id."""
    if not is_uuid(str(key)):
        return None
    return CHAT.first(domain, str(key))


def token_by_key(domain: str, key: Any) -> Token | None:
    """Return a token by {Issuer, Token} or by its row id; None when unknown."""
    tokens = Token.objects.filter(domain=domain).select_related("wallet")
    if isinstance(key, dict):
        issuer, token = str(key.get("Issuer", "")).lower(), str(key.get("Token", ""))
        return tokens.filter(issuer=issuer, token=token).first() if is_uuid(token) else None
    return tokens.filter(pk=str(key)).first() if is_uuid(str(key)) else None


def usable_tokens(wallet: Wallet) -> QuerySet[Token]:
    """Return the tokens of a wallet that may be shared now (protocol 3.4)."""
    now = clock.now()
    return Token.objects.filter(
        Q(expires=None) | Q(expires__gt=now),
        wallet=wallet,
        state=TokenState.SAVED,
        status=TokenStatus.ACTIVE,
        starts__lte=now,
    )


def self_tokens(chat: Chat) -> list[str]:
    """Return ids of the usable SELF tokens that this chat's host issued (protocol 3.6)."""
    tokens = usable_tokens(chat.wallet).filter(issuer=chat.host, schema__contains="/SELF:")
    return [str(token) for token in tokens.values_list("token", flat=True)]


def frontend(wallet: Wallet, sets: list[str]) -> dict[str, Any]:
    """Return what a wallet shows of itself (protocol 5.6), in all sets or those named."""
    parts: dict[str, Callable[[Wallet], Any]] = {
        "Chats": _chats,
        "Tokens": _tokens,
        "Offers": _offers,
        "Domains": _domains,
        "Schemas": _schemas,
    }
    wanted = [name for name in parts if not sets or name in sets]
    return {
        "Wallet": {"Language": wallet.language},
        **{name: parts[name](wallet) for name in wanted},
    }


def _chats(wallet: Wallet) -> list[dict[str, Any]]:
    return [
        {
            "Chat": str(chat.pk),
            "Host": chat.host,
            "Title": chat.host_title,
            "State": str(chat.state),
            "Muted": False,
            "Blocked": False,
        }
        for chat in wallet.chats.order_by("created_at")
    ]


def _kept(wallet: Wallet) -> QuerySet[Token]:
    return wallet.tokens.filter(state=TokenState.SAVED).order_by("created_at")


def _tokens(wallet: Wallet) -> list[dict[str, Any]]:
    return [
        {
            "Token": str(token.token),
            "Issuer": token.issuer,
            "Title": token.title,
            "Status": token.status,
            "Schema": token.schema,
            "Starts": token.starts,
            "Expires": token.expires,
            "Path": token.path,
        }
        for token in _kept(wallet)
    ]


def _offers(wallet: Wallet) -> list[dict[str, Any]]:
    """What the person is asked about now (an extension): the wallet shows it before a yes, and
    compares the document with it. The first of a chat is what its open question is about; those
    that were said yes to and are not saved yet come behind it."""
    asked = wallet.tokens.filter(state__in=ASKED, until__gt=clock.now())
    return [
        {
            "Chat": str(token.chat_id),
            "Token": str(token.token),
            "Issuer": token.issuer,
            "Title": token.title,
            "IssuerTitle": token.issuer_title,
            "Schema": token.schema,
            "SchemaTitle": token.schema_title,
            "Starts": token.starts,
            "Expires": token.expires,
            "Until": token.until,
        }
        for token in sorted(
            asked.order_by("created_at"), key=lambda each: each.state == TokenState.OFFERED
        )
    ]


def _domains(wallet: Wallet) -> dict[str, dict[str, str]]:
    return {
        token.issuer: {"Domain": token.issuer, "Title": token.issuer_title}
        for token in _kept(wallet)
    }


def _schemas(wallet: Wallet) -> dict[str, dict[str, str]]:
    return {
        token.schema: {"Schema": token.schema, "Title": token.schema_title}
        for token in _kept(wallet)
    }
