"""The dataset `Issuer.Tokens`, as scripts see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from issuer import revisions, selectors, services
from issuer.models import Token
from issuer.states import DOWNLOADABLE, Answer, TokenState, TokenStatus
from messaging import clock
from scripts.errors import missing, refused
from scripts.language.values import as_time
from scripts.registry import Dataset, Row, Write


def token_row(token: Token) -> Row:
    return Row(
        key=str(token.pk),
        fields={
            "ID": str(token.pk),
            "Token": str(token.pk),
            "STATE": str(token.state),
            "Status": token.status,
            "Answer": token.answer,
            "Reason": token.reason,
            "Code": token.code,
            "Issuer": token.domain,
            "Broker": token.broker,
            "Chat": str(token.chat),
            "PublicKey": token.public_key,
            "Schema": token.schema,
            "Starts": token.starts,
            "Expires": token.expires,
            "Until": token.until,
            "DecideAt": token.decide_at,
            "Context": token.context,
            "Internals": token.internals,
            "Document": token.document,
            "Downloadable": token.state in DOWNLOADABLE,
        },
    )


def read_token(domain: str, key: Any) -> Row | None:
    token = selectors.token_by_id(domain, key)
    return None if token is None else token_row(token)


def insert_token(write: Write) -> Row:
    fields = write.fields
    now = clock.now()
    offer = services.Offer(
        broker=str(fields["Broker"]),
        chat=str(fields["Chat"]),
        public_key=str(fields["PublicKey"]),
        schema=str(fields["Schema"]),
        starts=_time(fields.get("Starts"), now),
        expires=_time(fields.get("Expires"), now),
        timeout=_time(fields.get("Timeout"), now),
        context=_mapping(fields.get("Context"), "Context"),
        internals=_mapping(fields.get("Internals"), "Internals"),
        token=str(fields.get("Token") or ""),
    )
    return token_row(
        services.issue_token(write.domain, offer, origin=write.origin, run=write.run or None)
    )


def _time(value: Any, now: datetime) -> datetime | None:
    """Both sides must hold the same dates, so a period becomes a time here, once."""
    return None if value in (None, "") else as_time(value, now)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise refused(f"{name} must be a map")
    return dict(value)


def update_token(write: Write) -> Row:
    """An Answer is the broker's word; STATE EXPIRED and a Status are the issuer's own decisions."""
    fields = write.fields
    if fields.get("Status") in TokenStatus.values:
        status = str(fields["Status"])
        return token_row(services.revise_token(write.key, status=status, origin=write.origin))
    if fields.get("STATE") == TokenState.EXPIRED:
        return token_row(services.lapse_token(write.key, origin=write.origin))
    if fields.get("Answer") in Answer.values:
        return token_row(
            services.answer_token(
                write.key,
                answer=str(fields["Answer"]),
                reason=str(fields.get("Reason") or ""),
                code=str(fields.get("Code") or ""),
                origin=write.origin,
            )
        )
    raise refused("a token takes an Answer, a Status, or STATE EXPIRED")


def insert_revision(write: Write) -> Row:
    """Tell the broker of a {Token} what its status is. Raises ScriptError for an unknown one."""
    token = selectors.token_by_id(write.domain, write.fields["Token"])
    if token is None:
        raise missing("the token")
    return token_row(revisions.send_revision(str(token.pk)))


DATASETS = {
    "Issuer.Tokens": Dataset(
        read=read_token, insert=insert_token, update=update_token, model=Token
    ),
    "Issuer.Revisions": Dataset(read=lambda domain, key: None, insert=insert_revision),
}
