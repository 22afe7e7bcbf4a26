"""The whole matrices of the broker's token and chat: what is not listed must be refused."""

from __future__ import annotations

from typing import Any

import pytest
from django_fsm import TransitionNotAllowed

from broker.models import Chat, Token
from broker.states import ChatState, TokenState

ALLOWED = {
    ("ISSUED", "detail"): "DETAILED",
    ("DETAILED", "offer"): "OFFERED",
    ("OFFERED", "keep"): "SAVED",
    ("OFFERED", "decline"): "DECLINED",
    ("ISSUED", "queue"): "QUEUED",
    ("QUEUED", "ask"): "DETAILED",
    ("ISSUED", "expire"): "EXPIRED",
    ("QUEUED", "expire"): "EXPIRED",
    ("DETAILED", "expire"): "EXPIRED",
    ("OFFERED", "expire"): "EXPIRED",
    ("ISSUED", "withdraw"): "WITHDRAWN",
    ("QUEUED", "withdraw"): "WITHDRAWN",
    ("DETAILED", "withdraw"): "WITHDRAWN",
    ("OFFERED", "withdraw"): "WITHDRAWN",
    ("SAVED", "remove"): "REMOVED",
}
VERBS: dict[str, dict[str, Any]] = {
    "detail": {},
    "queue": {},
    "ask": {},
    "withdraw": {"code": "CHAT_ENDED"},
    "offer": {"accepted": True},
    "keep": {"path": "x"},
    "decline": {},
    "expire": {},
    "remove": {},
}
CHAT_ALLOWED = {
    ("ASKED", "detail"): "DETAILED",
    ("DETAILED", "open"): "OPENED",
    ("OPENED", "activate"): "ACTIVE",
    ("ACTIVE", "wrap"): "WRAPPED",
    ("ACTIVE", "abandon"): "ABANDONED",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("source", TokenState.values)
def test_token_transition(source: str, verb: str) -> None:
    token = Token(state=source, accepted=verb != "decline")
    if (source, verb) in ALLOWED:
        getattr(token, verb)(**VERBS[verb])
        assert token.state == ALLOWED[source, verb]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(token, verb)(**VERBS[verb])


@pytest.mark.parametrize(("accepted", "verb"), [(False, "keep"), (True, "decline"), (None, "keep")])
def test_offered_token_follows_the_answer(accepted: bool | None, verb: str) -> None:
    token = Token(state="OFFERED", accepted=accepted)
    with pytest.raises(TransitionNotAllowed):
        getattr(token, verb)(**VERBS[verb])


@pytest.mark.parametrize("verb", ["detail", "open", "activate", "wrap", "abandon"])
@pytest.mark.parametrize("source", ChatState.values)
def test_chat_transition(source: str, verb: str) -> None:
    chat = Chat(state=source)
    if (source, verb) in CHAT_ALLOWED:
        getattr(chat, verb)()
        assert chat.state == CHAT_ALLOWED[source, verb]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(chat, verb)()
