"""How long a broker's rows are kept: what a person holds stays, and the chat that it came in."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from broker.models import Chat, Intent, Token
from broker.states import OVER, ChatState, TokenState, TokenStatus
from messaging.retention import Ends, Goes, Kept, Rows, Rule, days
from scripts.retained import without_live_runs


def _empty_and_quiet(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out chats with a token, whatever its state: it ends first; and those used lately."""
    said = Intent.objects.filter(chat=OuterRef("pk"), created_at__gte=cutoff)
    free = rows.filter(Q(ended_at=None) | Q(ended_at__lt=cutoff), ~Exists(said))
    return free.filter(~Exists(Token.objects.filter(chat=OuterRef("pk"))))


def _unused(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out wallets that have a chat or a token here."""
    held = [each.objects.filter(wallet=OuterRef("pk")) for each in (Chat, Token)]
    return rows.filter(*(~Exists(each) for each in held))


def leave_chats(chats: Rows) -> Rows:
    """Leave out our own side of chats with tokens: there we say what becomes of them."""
    held = Token.objects.filter(chat_id=OuterRef("chat"), domain=OuterRef("domain"))
    return chats.filter(~Exists(held))


NEEDS = {"host.Chat": leave_chats}
RETAINED: dict[str, tuple[Rule, ...]] = {
    "broker.Notifier": (Kept("an operator's"),),
    "broker.Wallet": (Ends(days("WALLET"), "created_at", born="created_at", spare=_unused),),
    "broker.Chat": (
        Ends(
            days("CHAT"),
            "created_at",
            born="created_at",
            where=~Q(state=ChatState.ACTIVE),
            spare=_empty_and_quiet,
            sift=without_live_runs,
        ),
        Ends(
            days("CHAT_IDLE"),
            "created_at",
            born="created_at",
            spare=_empty_and_quiet,
            sift=without_live_runs,
        ),
    ),
    "broker.Intent": (Ends(days("PROMPT"), "created_at", born="created_at"),),
    "broker.Token": (
        Ends(
            days("OFFER"),
            "until",
            born="created_at",
            where=Q(state__in=(TokenState.DECLINED, *OVER)),
            sift=without_live_runs,
        ),
        Ends(
            days("TOKEN"),
            "expires",
            born="created_at",
            where=Q(state__in=(TokenState.SAVED, TokenState.REMOVED)),
            sift=without_live_runs,
        ),
        Ends(
            days("TOKEN"),
            "revised_at",
            born="created_at",
            where=Q(state=TokenState.SAVED, status=TokenStatus.REVOKED),
            sift=without_live_runs,
        ),
    ),
    "broker.TokenEvent": (Goes("broker.Token"),),
}
