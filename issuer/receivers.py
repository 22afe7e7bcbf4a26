"""Token rows that enter a state or a status start their handler script."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from issuer.datasets import token_row
from issuer.models import Token
from issuer.states import TokenState, TokenStatus
from scripts.events import Wiring, start_handlers

TOKENS = Wiring(
    library="issuer",
    item="Token",
    dataset="Issuer.Tokens",
    row=token_row,
    handlers={
        TokenState.ISSUED: "OnTokenIssued",
        TokenState.ACCEPTED: "OnTokenOffered",
        TokenState.DECLINED: "OnTokenOffered",
        TokenState.EXPIRED: "OnTokenOffered",
        TokenStatus.ACTIVE: "OnTokenRevised",
        TokenStatus.SUSPENDED: "OnTokenRevised",
        TokenStatus.REVOKED: "OnTokenRevised",
    },
    timers={TokenState.ISSUED: ("OnTokenLapsed", "decide_at")},
)


def on_token_saved(sender: type[Token], instance: Token, **_: Any) -> None:
    start_handlers(TOKENS, instance)


def connect() -> None:
    """Connect the one receiver of each itemised model."""
    post_save.connect(on_token_saved, sender=Token, dispatch_uid="issuer.token")
