"""Reads of the broker, always within one of our broker domains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from broker.models import Chat, Token, Wallet
from broker.states import TokenState, TokenStatus
from messaging import clock, rows
from messaging.syntax import is_uuid

WALLET = rows.Select(Wallet, "domain", "pk")
CHAT = rows.Select(Chat, "domain", "pk", follow="wallet")
ASKED = (TokenState.DETAILED, TokenState.OFFERED)
NEWEST: Mapping[str, str] = {}  # no cursor: from the newest on
PAGE = 50  # rows of a list in one answer
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


@dataclass(frozen=True)
class Page:
    """The newest rows of a list, oldest of them first, and where older ones go on (if any)."""

    rows: list[Any]
    more: str = ""


def _page(found: QuerySet[rows.M], before: str) -> Page:
    """Return the PAGE newest rows; those older than the row `before`, where that is given."""
    older = found.filter(pk__lt=before) if before else found
    newest = list(older.order_by("-pk")[: PAGE + 1])
    more = str(newest[PAGE - 1].pk) if len(newest) > PAGE else ""
    return Page(newest[:PAGE][::-1], more)


def frontend(
    wallet: Wallet, sets: Sequence[str] = (), cursor: Mapping[str, str] = NEWEST
) -> dict[str, Any]:
    """Return what a wallet shows of itself (protocol 5.6), in all sets or those named.

    A list has its newest rows; where there are older ones, `More` (an extension) has what `Cursor`
    asks for them by. Domains and Schemas are those of the tokens shown.
    """
    lists: dict[str, tuple[QuerySet[Any], Callable[[Any], dict[str, Any]]]] = {
        "Chats": (wallet.chats.all(), _chat),
        "Tokens": (wallet.tokens.filter(state=TokenState.SAVED), _token),
        "Offers": (wallet.tokens.filter(state__in=ASKED, until__gt=clock.now()), _offer),
    }
    names = list(sets or cursor or SETS)
    view: dict[str, Any] = {"Wallet": {"Language": wallet.language}}
    pages: dict[str, Page] = {}
    for name, (found, shown) in lists.items():
        if name in names or (name == "Tokens" and {"Domains", "Schemas"} & set(names)):
            pages[name] = _page(found, cursor.get(name, ""))
        if name in names:
            view[name] = [shown(row) for row in _in_order(name, pages[name].rows)]
    tokens = pages["Tokens"].rows if "Tokens" in pages else []
    if "Domains" in names:
        view["Domains"] = {
            row.issuer: {"Domain": row.issuer, "Title": row.issuer_title} for row in tokens
        }
    if "Schemas" in names:
        view["Schemas"] = {
            row.schema: {"Schema": row.schema, "Title": row.schema_title} for row in tokens
        }
    more = {name: page.more for name, page in pages.items() if page.more}
    return view | ({"More": more} if more else {})


def _in_order(name: str, found: list[Any]) -> list[Any]:
    """Of a chat's offers the first is what its open question is about; those that were said yes to
    and are not saved yet come behind it."""
    if name != "Offers":
        return found
    return sorted(found, key=lambda each: each.state == TokenState.OFFERED)


def _chat(chat: Chat) -> dict[str, Any]:
    return {
        "Chat": str(chat.pk),
        "Host": chat.host,
        "Title": chat.host_title,
        "State": str(chat.state),
        "Muted": False,
        "Blocked": False,
    }


def _token(token: Token) -> dict[str, Any]:
    return {
        "Token": str(token.token),
        "Issuer": token.issuer,
        "Title": token.title,
        "Status": token.status,
        "Schema": token.schema,
        "Starts": token.starts,
        "Expires": token.expires,
        "Path": token.path,
    }


def _offer(token: Token) -> dict[str, Any]:
    """What the person is asked about now (an extension): the wallet shows it before a yes, and
    compares the document with it."""
    return {
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
