"""What the issuer does to its tokens; every change locks the row and leaves an event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from issuer.models import Token, TokenEvent
from issuer.selectors import token_by_id
from issuer.states import (
    UNANSWERED,
    UNDECIDED,
    Answer,
    EventKind,
    Reason,
    TokenState,
    TokenStatus,
)
from messaging import clock, rows
from messaging.documents import sign_document
from messaging.ids import uuid7
from messaging.keys import signing_key
from messaging.models import OutboxMessage
from messaging.syntax import format_time, is_uuid, normalise_schema
from scripts.errors import refused
from scripts.models import Run

LOCKED_TOKEN = rows.Select(Token, "pk", lock=rows.FOR_NO_KEY_UPDATE)
# What a broker says of why it refused an offer; anything else is left out.
CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
SHORTEST_GRACE = timedelta(seconds=2)


@dataclass(frozen=True)
class Offer:
    """What a script asked to issue. Times are UTC; `timeout` is when it gives up, if it said."""

    broker: str
    chat: str
    public_key: str
    schema: str
    starts: datetime | None = None
    expires: datetime | None = None
    timeout: datetime | None = None
    context: dict[str, Any] = field(default_factory=dict)
    internals: dict[str, Any] = field(default_factory=dict)
    token: str = ""


def deadline(offer: Offer, now: datetime) -> datetime:
    """Return when the offer lapses: the earliest of Expires, Timeout and the longest offer."""
    limits = [now + timedelta(days=settings.OFFER_DAYS)]
    return min(limits + [limit for limit in (offer.expires, offer.timeout) if limit is not None])


def grace(length: timedelta) -> timedelta:
    """Return how long to wait for the broker's word after an offer of this length has lapsed."""
    return max(SHORTEST_GRACE, min(timedelta(seconds=settings.OFFER_GRACE_SECONDS), length / 2))


def issue_token(domain: str, offer: Offer, *, origin: str, run: str | None = None) -> Token:
    """Store an offer and sign its document, once (protocol 4.2).

    A `timeout` that has passed is no error, because a run may have been held up for that long: the
    offer is on record and lapses at once. Raises ScriptError when the token is not one that could
    be kept: times out of order, a context that cannot be signed, or an id already used.
    """
    now = clock.now()
    starts = offer.starts or now
    if offer.expires is not None and offer.expires <= max(starts, now):
        raise refused("a token must expire after it starts, and in the future")
    token_id = offer.token or str(uuid7())
    if offer.token and Token.objects.filter(pk=token_id).exists():
        raise refused("this token id is used already; offering again needs a new one")
    until = deadline(offer, now)
    token = Token.objects.create(
        id=token_id,
        domain=domain,
        broker=offer.broker,
        chat=offer.chat,
        public_key=offer.public_key,
        schema=normalise_schema(offer.schema),
        starts=starts,
        expires=offer.expires,
        until=until,
        decide_at=until + grace(until - now),
        context=offer.context,
        internals=offer.internals,
        document=_signed_document(domain, token_id, offer, now),
        run=run,
        created_at=now,
    )
    record(token, EventKind.STATE, token.state, origin)
    return token


def _signed_document(domain: str, token_id: str, offer: Offer, now: datetime) -> dict[str, Any]:
    selector, key = signing_key(domain)
    document = {
        "Token": token_id,
        "Issuer": domain,
        "Schema": normalise_schema(offer.schema),
        "Context": offer.context,
        "Issued": format_time(now),
        "Starts": format_time(offer.starts or now),
    }
    if offer.expires is not None:
        document["Expires"] = format_time(offer.expires)
    try:
        return sign_document(document, key, selector)
    except ValueError as error:
        raise refused(f"the token cannot be signed: {error}") from None


def record(token: Token, kind: EventKind, value: str, origin: str, note: str = "") -> None:
    """Write an event; the same one of the same entering again changes nothing."""
    event = TokenEvent(
        token=token,
        kind=kind,
        value=value,
        entry=token.entries if kind in (EventKind.STATE, EventKind.STATUS) else 0,
        origin=origin,
        note=note[:300],
        at=clock.now(),
    )
    rows.insert_new(event)


def locked_token(token_id: str) -> Token:
    return LOCKED_TOKEN.get(token_id)


def _move(token: Token, verb: str, origin: str, note: str = "") -> None:
    getattr(token, verb)()
    token.save(update_fields=["state", "answer", "reason", "code"])
    record(token, EventKind.STATE, token.state, origin, note)


def _offered_by(message: OutboxMessage) -> Token | None:
    """Return the token, locked, that an `Issue@Broker` of ours offers; None when it offers none.

    Scripts may SEND that subject too, with any body.
    """
    token_id = message.body.get("Token")
    token = LOCKED_TOKEN.first(str(token_id)) if is_uuid(str(token_id)) else None
    if token is None or (token.domain, token.broker) != (message.sender, message.recipient):
        return None
    return token


def _is_offer(message: OutboxMessage, token: Token) -> bool:
    """Say whether it was the token's own handler that sent the message."""
    if not is_uuid(message.origin):
        return False
    runs = Run.objects.filter(pk=message.origin, script="OnTokenIssued", subject_id=str(token.pk))
    return runs.exists()


def offer_token(message: OutboxMessage) -> None:
    """The broker acknowledged `Issue@Broker`: it has the offer. An answer may have overtaken it."""
    with transaction.atomic(savepoint=False):
        token = _offered_by(message)
        if token is not None and token.state == TokenState.ISSUED:
            _move(token, "offer", f"domain:{token.broker}")


def end_offer(message: OutboxMessage) -> None:
    """`Issue@Broker` was given up: nobody will be asked, so the script need not wait for that.

    The broker may have it after all, where only its word that it has was lost: an acceptance is
    then late, like any after the end.
    """
    with transaction.atomic(savepoint=False):
        token = _offered_by(message)
        if token is not None and token.state == TokenState.ISSUED and _is_offer(message, token):
            token.reason = Reason.UNDELIVERED
            _move(token, "expire", f"outbox:{message.pk}")


def refuse_offer(message: OutboxMessage, reason: str) -> None:
    """The broker discarded `Issue@Broker` after it had acknowledged it: nobody will be asked.

    Only the offer's own message counts: that a repeat of it was bad says nothing of the first.
    """
    with transaction.atomic(savepoint=False):
        token = _offered_by(message)
        if token is not None and token.state in UNDECIDED and _is_offer(message, token):
            _refuse(token, "", f"domain:{token.broker}", reason)


def offer_waits(message: OutboxMessage) -> bool:
    """Say whether an `Issue@Broker` may still be sent: the offer has not ended."""
    token = token_by_id(message.sender, message.body.get("Token"))
    return token is not None and token.state in UNDECIDED


def answer_token(token_id: str, *, answer: str, reason: str, origin: str, code: str = "") -> Token:
    """Take the broker's word on an offer (protocol 4.10): the first answer wins.

    `reason` EXPIRED and REFUSED say that nobody answered; `code` why it was refused. The same
    answer again changes nothing. A contradicting one changes nothing and leaves a CONFLICT event;
    an acceptance after the offer ended without the person's word leaves a LATE event and revokes
    the token, so that the wallet's copy is void on both sides.
    """
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state in UNDECIDED:
            _take_answer(token, answer, reason, code, origin)
        elif answer == Answer.ACCEPTED and _ended_without(token):
            record(token, EventKind.LATE, answer, origin)
            _revoke(token, origin, again=True)
        elif not _repeats(token, answer):
            record(token, EventKind.CONFLICT, answer, origin)
        return token


def _take_answer(token: Token, answer: str, reason: str, code: str, origin: str) -> None:
    if answer == Answer.ACCEPTED:
        _move(token, "accept", origin)
    elif reason == Reason.EXPIRED:
        token.reason = Reason.EXPIRED
        _move(token, "expire", origin)
    elif reason == Reason.REFUSED:
        _refuse(token, code, origin)
    else:
        _move(token, "decline", origin)


def _refuse(token: Token, code: str, origin: str, note: str = "") -> None:
    token.reason = Reason.REFUSED
    token.code = code if CODE.fullmatch(code) else ""
    _move(token, "decline", origin, note)


def _ended_without(token: Token) -> bool:
    """Say whether the offer ended without the word of the person, or of the broker's timer."""
    ended = (TokenState.EXPIRED, TokenState.DECLINED)
    answered = token.state == TokenState.DECLINED and not token.reason
    return token.state in ended and token.reason in UNANSWERED and not answered


def _repeats(token: Token, answer: str) -> bool:
    accepted = token.state in (TokenState.ACCEPTED, TokenState.REMOVED)
    return accepted == (answer == Answer.ACCEPTED)


def _revoke(token: Token, origin: str, *, again: bool = False) -> None:
    """Void a token; with `again`, one that is void already is told to its broker once more."""
    if token.status == TokenStatus.REVOKED and not again:
        return
    if token.status == TokenStatus.REVOKED:
        token.enter_again("status")
    _set_status(token, TokenStatus.REVOKED, origin)


def _set_status(token: Token, status: TokenStatus, origin: str, note: str = "") -> None:
    token.status = status.value
    token.save(update_fields=["status"])
    record(token, EventKind.STATUS, token.status, origin, note)


def revoke_token(token_id: str, *, origin: str) -> Token:
    """Void a token for good; the broker is told. Raises ScriptError unless it was accepted."""
    return revise_token(token_id, status=TokenStatus.REVOKED, origin=origin)


def revise_token(token_id: str, *, status: str, origin: str, why: str = "") -> Token:
    """Suspend an accepted token, let it be good again, or void it for good; the broker is told.

    The same status again changes nothing. Raises ScriptError for a token that was not accepted, or
    that is void already.
    """
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state != TokenState.ACCEPTED:
            raise refused("only an accepted token can be revised")
        if token.status != status:
            if token.status == TokenStatus.REVOKED:
                raise refused("a token that was revoked stays so")
            _set_status(token, TokenStatus(status), origin, why)
        return token


def lapse_token(token_id: str, *, origin: str) -> Token:
    """Decide alone that nobody answered; changes nothing once there is an answer.

    Whose timer fired has had its time: to ask the clock again, which may have been set back since,
    would leave the offer undecided for ever.
    """
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state in UNDECIDED:
            _move(token, "expire", origin)
        return token


def withdraw_offer(token_id: str, *, origin: str, why: str) -> Token:
    """Take an undecided offer back: nobody is asked any more, and its script goes on with nothing.

    The first decision wins: one that is decided stays as it is. The broker is told by a revision,
    which ends the offer and its question there. A yes that comes all the same is late, and void.
    `why` is for operators. Locks the token; its caller may hold the lock of a run.
    """
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state in UNDECIDED:
            token.reason = Reason.WITHDRAWN
            _move(token, "decline", origin, why)
            _revoke(token, origin)
        return token


def withdraw_offers(run: UUID, *, origin: str, why: str, only: Iterable[str] | None = None) -> int:
    """Take back every undecided offer that a run has made, or those of these ids; return how many
    there were."""
    offers = Token.objects.filter(run=run, state__in=UNDECIDED).order_by("pk")
    if only is not None:
        offers = offers.filter(pk__in=filter(is_uuid, only))
    ids = [str(pk) for pk in offers.values_list("pk", flat=True)]
    ended = [withdraw_offer(pk, origin=origin, why=why) for pk in ids]
    return sum(token.reason == Reason.WITHDRAWN for token in ended)


def let_go(run: UUID, hooks: list[str] | None) -> None:
    """Take back what a run offers, for it waits no more: in these mailboxes, or anywhere."""
    withdraw_offers(run, origin=f"run:{run}", why="its script waits no more", only=hooks)
