"""What the broker does to its rows; every change of state locks the row and leaves an event.

A handler may come late or twice: a change that the row's state no longer allows is left out, and
the row is returned as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from broker.emoji import ALLOWED, prompt_emoji
from broker.models import Chat, Intent, Notifier, Token, TokenEvent, Wallet
from broker.states import (
    UNDECIDED,
    ChatState,
    EventKind,
    NotifierState,
    TokenState,
    TokenStatus,
)
from messaging import clock, rows
from messaging.signing import PublicKey
from messaging.syntax import normalise_schema, parse_locator
from scripts.errors import missing, refused

LOCKED_CHAT = rows.Select(Chat, "pk", lock=rows.FOR_UPDATE, follow="wallet")
LOCKED_TOKEN = rows.Select(Token, "pk", lock=rows.FOR_UPDATE, follow="wallet")
OFFERS_PER_CHAT = 20
FARTHEST_START = timedelta(days=2 * 365)
PATH_LIMIT = 500


def onboard_wallet(domain: str, *, notifier: str, public_key: str, language: str) -> Wallet:
    """Take a new wallet (protocol 5.1); the same key again gets the same wallet.

    Raises ScriptError for a notifier we do not serve, or a key that is none.
    """
    known = Notifier.objects.filter(domain=domain, name=notifier, state=NotifierState.ACTIVE)
    if not known.exists():
        raise refused("this notifier's wallets are not taken here")
    try:
        spki = PublicKey.from_text(public_key).spki
    except ValueError:
        raise refused("the wallet's key is not an Ed25519 public key") from None
    wallet = Wallet(
        domain=domain,
        notifier=notifier,
        public_key=spki,
        language=language.lower(),
        created_at=clock.now(),
    )
    if rows.insert_new(wallet):
        return wallet
    return Wallet.objects.get(domain=domain, public_key=spki)


def ask_chat(domain: str, *, wallet: str, hook: str, locator: str, inputs: dict[str, Any]) -> Chat:
    """Open a chat on a locator (protocol 5.2); the same hook again gets the same chat.

    Raises ScriptError when the text is no locator.
    """
    try:
        where = parse_locator(locator)
    except ValueError:
        raise refused("this is not a locator") from None
    with transaction.atomic(savepoint=False):
        row = Wallet.objects.select_for_update().get(pk=wallet, domain=domain)
        known = Chat.objects.filter(wallet=row, hook=hook).first()
        return known or Chat.objects.create(
            domain=domain,
            wallet=row,
            hook=hook,
            locator=locator,
            host=where.domain,
            schema=where.schema,
            key=where.key,
            inputs={**where.inputs, **inputs},
            language=row.language,
            created_at=clock.now(),
        )


def _locked_chat(chat_id: str) -> Chat:
    return LOCKED_CHAT.get(chat_id)


def detail_chat(chat_id: str, *, host_title: str) -> Chat:
    """Keep what the host is called."""
    with transaction.atomic(savepoint=False):
        chat = _locked_chat(chat_id)
        if chat.state == ChatState.ASKED:
            chat.host_title = host_title
            chat.detail()
            chat.save(update_fields=["state", "host_title"])
        return chat


def open_chat(chat_id: str, *, public_key: str) -> Chat:
    """Keep the chat key that the wallet made; another key later is refused."""
    try:
        spki = PublicKey.from_text(public_key).spki
    except ValueError:
        raise refused("the chat's key is not an Ed25519 public key") from None
    with transaction.atomic(savepoint=False):
        chat = _locked_chat(chat_id)
        if chat.state == ChatState.DETAILED:
            chat.public_key = spki
            chat.open()
            chat.save(update_fields=["state", "public_key"])
        elif chat.public_key != spki:
            raise refused("this chat has another key")
        return chat


def activate_chat(chat_id: str) -> Chat:
    """Let the host speak."""
    with transaction.atomic(savepoint=False):
        chat = _locked_chat(chat_id)
        if chat.state == ChatState.OPENED:
            chat.activate()
            chat.save(update_fields=["state"])
        return chat


def end_chat(chat_id: str, *, state: str, at: datetime) -> Chat:
    """End a chat: WRAPPED by its host, ABANDONED by its person; the first of them stays.

    `at` (UTC) is when that was said: prompts that were sent before still reach the wallet.
    """
    with transaction.atomic(savepoint=False):
        chat = _locked_chat(chat_id)
        if chat.state == ChatState.ACTIVE:
            chat.wrap() if state == ChatState.WRAPPED else chat.abandon()
            chat.ended_at = at
            chat.save(update_fields=["state", "ended_at"])
        return chat


def choose_face(chat_id: str, *, emoji: str) -> Chat:
    """Keep the face of the host's questions; one that is not on the list changes nothing."""
    with transaction.atomic(savepoint=False):
        chat = _locked_chat(chat_id)
        if emoji in ALLOWED:
            chat.emoji = emoji
            chat.save(update_fields=["emoji"])
        return chat


def keep_intent(
    chat: Chat,
    *,
    sender: str,
    prompt: str,
    format: str,
    emoji: str,
    expires: datetime,
    sent_at: datetime,
) -> Intent:
    """Keep that `sender` wants a prompt shown; the same prompt again changes nothing.

    Raises ScriptError when it was sent (`sent_at`, UTC) after the chat had ended: the run of an
    earlier message may come later than that of the goodbye.
    """
    if chat.ended_at is not None and sent_at > chat.ended_at and sender != chat.domain:
        raise refused("the chat has ended")
    intent = Intent(
        chat=chat,
        sender=sender,
        prompt=prompt,
        format=format,
        emoji=prompt_emoji(format, emoji or chat.emoji, faded=sender == chat.domain),
        expires=expires,
        created_at=clock.now(),
    )
    if rows.insert_new(intent):
        return intent
    return Intent.objects.select_related("chat__wallet").get(sender=sender, prompt=prompt)


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
        chat = _locked_chat(offer.chat)
        known = Token.objects.filter(domain=domain, issuer=offer.issuer, token=offer.token).first()
        if known is not None:
            if (known.chat_id, known.schema, known.starts) != (chat.pk, schema, offer.starts):
                raise refused("this token was offered before, with other contents")
            return known
        _check_offer(chat, offer, now)
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


def _check_offer(chat: Chat, offer: Offer, now: datetime) -> None:
    if offer.expires is not None and offer.expires <= max(offer.starts, now):
        raise refused("the offered token has expired, or expires before it starts")
    if offer.starts > now + FARTHEST_START:
        raise refused("the offered token starts too far ahead")
    # One whose time is up counts no more, though its timer may not have come round yet.
    undecided = Token.objects.filter(chat=chat, state__in=UNDECIDED, until__gt=now)
    if undecided.filter(issuer=offer.issuer).exists() or undecided.count() >= OFFERS_PER_CHAT:
        raise refused("too many undecided offers in this chat")


def _deadline(offer: Offer, now: datetime) -> datetime:
    limits = [now + timedelta(days=settings.OFFER_DAYS)]
    return min(limits + [limit for limit in (offer.expires, offer.until) if limit is not None])


def record(token: Token, kind: EventKind, value: str, origin: str) -> None:
    """Write an event; the same one again changes nothing."""
    event = TokenEvent(token=token, kind=kind, value=value, origin=origin, at=clock.now())
    rows.insert_new(event)


def _locked_token(token_id: str) -> Token:
    return LOCKED_TOKEN.get(token_id)


def _save(token: Token, origin: str, *fields: str) -> None:
    token.save(update_fields=["state", *fields])
    record(token, EventKind.STATE, token.state, origin)


def detail_token(token_id: str, *, titles: dict[str, str], origin: str) -> Token:
    """Keep what the person is to be told the token is."""
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        if token.state == TokenState.ISSUED:
            token.title = titles.get("Title", "")[:250]
            token.issuer_title = titles.get("IssuerTitle", "")[:200]
            token.schema_title = titles.get("SchemaTitle", "")[:200]
            token.detail()
            _save(token, origin, "title", "issuer_title", "schema_title")
        return token


def offer_token(token_id: str, *, accepted: bool, origin: str) -> Token:
    """Keep the person's answer; a late or repeated one is ignored."""
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        if token.state == TokenState.DETAILED:
            token.offer(accepted=accepted)
            _save(token, origin, "accepted")
        return token


def decline_token(token_id: str, *, origin: str) -> Token:
    """End an offer that the person turned down."""
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        if token.state == TokenState.OFFERED and token.accepted is False:
            token.decline()
            _save(token, origin)
        return token


def keep_token(token_id: str, *, path: str, origin: str) -> Token:
    """The wallet stored the document (protocol 4.9); `path` is its own business.

    After the offer lapsed nothing changes but a LATE event: the caller tells the wallet.
    """
    if len(path) > PATH_LIMIT:
        raise refused("the path is too long")
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        if token.state == TokenState.OFFERED and token.accepted:
            token.keep(path=path)
            _save(token, origin, "path")
        elif token.state == TokenState.EXPIRED:
            record(token, EventKind.LATE, TokenState.SAVED, origin)
        elif token.state != TokenState.SAVED:
            raise missing("the token")
        return token


def lapse_token(token_id: str, *, origin: str) -> Token:
    """End an offer whose deadline passed without a saved token, as its timer says.

    The clock is not asked again: it may have been set back since the timer fired.
    """
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        if token.state in UNDECIDED:
            token.expire()
            _save(token, origin)
        return token


def revise_token(token_id: str, *, status: str, at: datetime, origin: str) -> Token:
    """Take the issuer's word on a token's status (protocol 4.12); `at` is when it said so (UTC).

    An older revision than the last, and any after REVOKED, changes nothing.
    """
    with transaction.atomic(savepoint=False):
        token = _locked_token(token_id)
        stale = token.revised_at is not None and at <= token.revised_at
        if stale or token.status == TokenStatus.REVOKED or token.state == TokenState.DECLINED:
            return token
        token.status = TokenStatus(status).value
        token.revised_at = at
        token.save(update_fields=["status", "revised_at"])
        record(token, EventKind.STATUS, status, origin)
        return token
