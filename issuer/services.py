"""What the issuer does to its tokens; every change locks the row and leaves an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from issuer.models import Token, TokenEvent
from issuer.selectors import token_by_id
from issuer.states import UNDECIDED, Answer, EventKind, TokenState, TokenStatus
from messaging import clock, rows
from messaging.documents import sign_document
from messaging.ids import uuid7
from messaging.keys import signing_key
from messaging.models import OutboxMessage
from messaging.syntax import format_time, normalise_schema
from scripts.errors import refused

LOCKED_TOKEN = rows.Select(Token, "pk", lock=rows.FOR_UPDATE)
# The Reason of an offer whose message never reached its broker.
UNDELIVERED = "UNDELIVERED"
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
    if Token.objects.filter(pk=token_id).exists():
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


def record(token: Token, kind: EventKind, value: str, origin: str) -> None:
    """Write an event; the same one again changes nothing."""
    event = TokenEvent(token=token, kind=kind, value=value, origin=origin, at=clock.now())
    rows.insert_new(event)


def locked_token(token_id: str) -> Token:
    return LOCKED_TOKEN.get(token_id)


def _move(token: Token, verb: str, origin: str) -> None:
    getattr(token, verb)()
    token.save(update_fields=["state", "answer", "reason"])
    record(token, EventKind.STATE, token.state, origin)


def offer_token(message: OutboxMessage) -> None:
    """The broker acknowledged `Issue@Broker`: it has the offer. An answer may have overtaken it."""
    with transaction.atomic(savepoint=False):
        token = _locked_offer(message)
        if token is not None and token.state == TokenState.ISSUED:
            _move(token, "offer", f"domain:{token.broker}")


def end_offer(message: OutboxMessage) -> None:
    """`Issue@Broker` was given up: nobody will be asked, so the script need not wait for that.

    The broker may have it after all, where only its word that it has was lost: an acceptance is
    then late, like any after the end.
    """
    with transaction.atomic(savepoint=False):
        token = _locked_offer(message)
        if token is not None and token.state == TokenState.ISSUED:
            token.reason = UNDELIVERED
            _move(token, "expire", f"outbox:{message.pk}")


def offer_waits(message: OutboxMessage) -> bool:
    """Say whether an `Issue@Broker` may still be sent: the offer has not ended."""
    token = _offer(message)
    return token is not None and token.state in UNDECIDED


def _offer(message: OutboxMessage) -> Token | None:
    """Return the token that an `Issue@Broker` offers; None where it offers none of its sender's.

    Scripts may SEND that subject too, with any body.
    """
    return token_by_id(message.sender, message.body.get("Token"))


def _locked_offer(message: OutboxMessage) -> Token | None:
    token = _offer(message)
    return None if token is None else locked_token(str(token.pk))


def answer_token(token_id: str, *, answer: str, reason: str, origin: str) -> Token:
    """Take the broker's word on an offer (protocol 4.10): the first answer wins.

    The same answer again changes nothing. A contradicting one changes nothing and leaves a
    CONFLICT event; an acceptance after the issuer let the offer lapse leaves a LATE event and
    revokes the token, so that the wallet's copy is void on both sides.
    """
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state in UNDECIDED:
            token.reason = "EXPIRED" if reason == "EXPIRED" else ""
            verb = "accept" if answer == Answer.ACCEPTED else "decline"
            _move(token, "expire" if verb == "decline" and token.reason else verb, origin)
        elif answer == Answer.ACCEPTED and _ended_without(token):
            record(token, EventKind.LATE, answer, origin)
            _revoke(token, origin)
        elif not _repeats(token, answer):
            record(token, EventKind.CONFLICT, answer, origin)
        return token


def _ended_without(token: Token) -> bool:
    """Say whether the offer ended by our decision alone, not by the broker's word."""
    return token.state == TokenState.EXPIRED and token.reason in ("", UNDELIVERED)


def _repeats(token: Token, answer: str) -> bool:
    accepted = token.state in (TokenState.ACCEPTED, TokenState.REMOVED)
    return accepted == (answer == Answer.ACCEPTED)


def _revoke(token: Token, origin: str) -> None:
    if token.status != TokenStatus.REVOKED:
        token.status = TokenStatus.REVOKED
        token.save(update_fields=["status"])
        record(token, EventKind.STATUS, token.status, origin)


def revoke_token(token_id: str, *, origin: str) -> Token:
    """Void a token for good; the broker is told. Raises ScriptError unless it was accepted."""
    with transaction.atomic(savepoint=False):
        token = locked_token(token_id)
        if token.state != TokenState.ACCEPTED:
            raise refused("only an accepted token can be revoked")
        _revoke(token, origin)
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
