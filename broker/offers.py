"""Offers at the broker: taken, asked about one after the other, decided once.

A handler may come late or twice: a change that the row's state no longer allows is left out, and
the row is returned as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from broker import locks
from broker.models import Chat, Token, TokenEvent
from broker.states import (
    ENDED,
    OVER,
    UNANSWERED,
    UNDECIDED,
    ChatState,
    EventKind,
    Refusal,
    TokenState,
    TokenStatus,
)
from host import questions
from messaging import clock, rows
from messaging.syntax import normalise_schema
from scripts.errors import missing, refused
from scripts.models import Run

OFFERS_PER_ISSUER = 5  # undecided in one chat; they are asked about one after the other
FARTHEST_START = timedelta(days=2 * 365)
PATH_LIMIT = 500


@dataclass(frozen=True)
class Offer:
    """An offer as `Issue@Broker` makes it; times are UTC."""

    issuer: str
    token: str
    chat: str
    schema: str
    starts: datetime
    expires: datetime | None
    until: datetime | None


def take_offer(domain: str, offer: Offer, *, origin: str) -> Token:
    """Store an offer (protocol 4.3). The same one again changes nothing.

    Raises ScriptError when it differs from one we have, is out of time, or is one too many.
    """
    now = clock.now()
    schema = normalise_schema(offer.schema)
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(offer.chat)
        same = Q(domain=domain, issuer=offer.issuer, token=offer.token)
        near = list(Token.objects.filter(same | Q(chat=chat, state__in=UNDECIDED)))
        for known in near:
            if (known.issuer, str(known.token)) != (offer.issuer, offer.token.lower()):
                continue
            if (known.chat_id, known.schema, known.starts) != (chat.pk, schema, offer.starts):
                raise refused(
                    "this token was offered before, with other contents", Refusal.ALREADY_OFFERED
                )
            return known
        _check_offer(chat, offer, near, now)
        token = Token.objects.create(
            domain=domain,
            issuer=offer.issuer,
            token=offer.token,
            wallet=chat.wallet,
            chat=chat,
            schema=schema,
            starts=offer.starts,
            expires=offer.expires,
            until=_deadline(offer, now),
            language=chat.language,
            created_at=now,
        )
        record(token, EventKind.STATE, token.state, origin)
        return token


def _check_offer(chat: Chat, offer: Offer, undecided: list[Token], now: datetime) -> None:
    if chat.state in ENDED:
        raise refused("the chat has ended", Refusal.CHAT_ENDED)
    if chat.state != ChatState.ACTIVE:
        raise refused("the chat is not the host's yet", Refusal.NOT_YOUR_CHAT)
    if offer.expires is not None and offer.expires <= max(offer.starts, now):
        raise refused(
            "the offered token has expired, or expires before it starts", Refusal.BAD_DATES
        )
    if offer.starts > now + FARTHEST_START:
        raise refused("the offered token starts too far ahead", Refusal.STARTS_TOO_LATE)
    # One whose time is up counts no more, though its timer may not have come round yet.
    open_ones = [each for each in undecided if each.issuer == offer.issuer and each.until > now]
    if len(open_ones) >= OFFERS_PER_ISSUER:
        raise refused("too many undecided offers in this chat", Refusal.TOO_MANY_OFFERS)


def _deadline(offer: Offer, now: datetime) -> datetime:
    limits = [now + timedelta(days=settings.OFFER_DAYS)]
    return min(limits + [limit for limit in (offer.expires, offer.until) if limit is not None])


def withdraw_offers(chat: Chat) -> None:
    """End what nobody in the chat has answered; who said yes may still save it."""
    waiting = Token.objects.select_for_update(no_key=True).filter(chat=chat, state__in=UNANSWERED)
    for token in waiting.order_by("pk"):
        token.withdraw(code=Refusal.CHAT_ENDED.value)
        _save(token, f"domain:{chat.domain}", "code")


def record(token: Token, kind: EventKind, value: str, origin: str) -> None:
    """Write an event; the same one of the same entering again changes nothing."""
    entry = 0 if kind == EventKind.LATE else token.entries
    event = TokenEvent(
        token=token, kind=kind, value=value, entry=entry, origin=origin, at=clock.now()
    )
    rows.insert_new(event)


def _save(token: Token, origin: str, *fields: str) -> None:
    token.save(update_fields=["state", *fields])
    record(token, EventKind.STATE, token.state, origin)


def _answered(token: Token, others: list[Token], origin: str, *fields: str) -> None:
    """Save a token that nobody is asked about any more, and give its turn to the next of its
    locked chat. In one transaction: whatever crashes, exactly one has it."""
    _save(token, origin, *fields)
    if not _is_asked(others):
        _pass_turn([each for each in others if each.state == TokenState.QUEUED], origin)


def _is_asked(tokens: list[Token]) -> bool:
    now = clock.now()
    return any(each.state == TokenState.DETAILED and each.until > now for each in tokens)


def _pass_turn(queue: list[Token], origin: str) -> None:
    now = clock.now()
    for token in queue:
        if token.until > now:
            token.ask()
            _save(token, origin)
            return
        token.expire()  # its own timer has not come round yet
        _save(token, origin)


def detail_token(token_id: str, *, titles: dict[str, str], origin: str) -> Token:
    """Keep what the person is to be told the token is; they are asked when it is its turn."""
    with transaction.atomic(savepoint=False):
        token, others = locks.locked_in_turn(token_id)
        if token.state == TokenState.ISSUED:
            token.title = titles.get("Title", "")[:250]
            token.issuer_title = titles.get("IssuerTitle", "")[:200]
            token.schema_title = titles.get("SchemaTitle", "")[:200]
            if _is_asked(others):
                token.queue()
            else:
                token.detail()
            _save(token, origin, "title", "issuer_title", "schema_title")
        return token


def ask_token(token_id: str) -> Token:
    """Return a token that the person is about to be asked about, locked: it may be over by now,
    and does not end while the caller's transaction asks."""
    with transaction.atomic(savepoint=False):
        return locks.locked_token(token_id)


def close_question(token_id: str) -> Token:
    """Ask nobody any more about a withdrawn offer; changes nothing for one that is not.

    Locks its question and the mailbox of the run that asks, so it must not be in the transaction
    that ends the offer: that run locks its mailbox before the token.
    """
    token = Token.objects.select_related("wallet").get(pk=token_id)
    if token.state == TokenState.WITHDRAWN:
        asking = Run.objects.filter(script="OnTokenDetailed", subject_id=token_id)
        for run in asking.values_list("pk", flat=True):
            questions.close(run, why="")
    return token


def offer_token(token_id: str, *, accepted: bool, origin: str) -> Token:
    """Keep the person's answer; a late or repeated one is ignored."""
    with transaction.atomic(savepoint=False):
        token, others = locks.locked_in_turn(token_id)
        if token.state == TokenState.DETAILED:
            token.offer(accepted=accepted)
            _answered(token, others, origin, "accepted")
        return token


def decline_token(token_id: str, *, origin: str) -> Token:
    """End an offer that the person turned down."""
    with transaction.atomic(savepoint=False):
        token = locks.locked_token(token_id)
        if token.state == TokenState.OFFERED and token.accepted is False:
            token.decline()
            _save(token, origin)
        return token


def keep_token(token_id: str, *, path: str, origin: str) -> Token:
    """The wallet stored the document (protocol 4.9); `path` is its own business.

    After the offer was over nothing changes but a LATE event: the caller tells the wallet.
    """
    if len(path) > PATH_LIMIT:
        raise refused("the path is too long")
    with transaction.atomic(savepoint=False):
        token = locks.locked_token(token_id)
        if token.state == TokenState.OFFERED and token.accepted:
            token.keep(path=path)
            _save(token, origin, "path")
        elif token.state in OVER:
            record(token, EventKind.LATE, TokenState.SAVED, origin)
        elif token.state != TokenState.SAVED:
            raise missing("the token")
        return token


def give_up_saving(token_id: str, *, origin: str) -> Token:
    """End an offer that the person took, and that their notifier does not let the wallet save."""
    with transaction.atomic(savepoint=False):
        token, others = locks.locked_in_turn(token_id)
        if token.state == TokenState.OFFERED:
            token.withdraw(code=Refusal.WALLET_UNREACHED.value)
            _answered(token, others, origin, "code")
        return token


def lapse_token(token_id: str, *, origin: str) -> Token:
    """End an offer whose deadline passed without a saved token, as its timer says.

    The clock is not asked again: it may have been set back since the timer fired.
    """
    with transaction.atomic(savepoint=False):
        token, others = locks.locked_in_turn(token_id)
        if token.state in UNDECIDED:
            token.expire()
            _answered(token, others, origin)
        return token


def revise_token(token_id: str, *, status: str, at: datetime, origin: str) -> Token:
    """Take the issuer's word on a token's status (protocol 4.12); `at` is when it said so (UTC).

    REVOKED takes an undecided offer back. An older revision than the last, and any after REVOKED,
    changes nothing.
    """
    with transaction.atomic(savepoint=False):
        token, others = locks.locked_in_turn(token_id)
        stale = token.revised_at is not None and at <= token.revised_at
        if stale or token.status == TokenStatus.REVOKED or token.state == TokenState.DECLINED:
            return token
        entered = token.status != status
        token.status = TokenStatus(status).value
        token.revised_at = at
        if token.status == TokenStatus.REVOKED and token.state in UNDECIDED:
            token.withdraw()
            _answered(token, others, origin, "code", "status", "revised_at")
        else:
            token.save(update_fields=["status", "revised_at"])
        if entered:
            record(token, EventKind.STATUS, status, origin)
        return token
