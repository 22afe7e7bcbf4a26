"""The whole matrix of the issuer's token: what is not listed must be refused."""

from __future__ import annotations

import pytest
from django_fsm import TransitionNotAllowed

from issuer.models import Token
from issuer.states import TokenState

ALLOWED = {
    ("ISSUED", "offer"): "OFFERED",
    ("ISSUED", "accept"): "ACCEPTED",
    ("ISSUED", "decline"): "DECLINED",
    ("ISSUED", "expire"): "EXPIRED",
    ("OFFERED", "accept"): "ACCEPTED",
    ("OFFERED", "decline"): "DECLINED",
    ("OFFERED", "expire"): "EXPIRED",
    ("ACCEPTED", "remove"): "REMOVED",
}
VERBS = ("offer", "accept", "decline", "expire", "remove")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("source", TokenState.values)
def test_transition(source: str, verb: str) -> None:
    token = Token(state=source)
    if (source, verb) in ALLOWED:
        getattr(token, verb)()
        assert token.state == ALLOWED[source, verb]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(token, verb)()


def test_state_cannot_be_assigned() -> None:
    token = Token()
    with pytest.raises(AttributeError):
        token.state = TokenState.ACCEPTED
