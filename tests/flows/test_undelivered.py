"""An offer that never reaches its broker ends with a reason, and its script goes on."""

from __future__ import annotations

from typing import Any

import pytest

from issuer.models import Token, TokenEvent
from messaging import outbox
from messaging.models import OutboxMessage
from messaging.outbox import delivering
from messaging.transport import Reply
from scripts.models import Run
from tests.flows.steps import TICKET
from tests.parties import send_as
from tests.person import BROKER, Person
from tests.pump import pump


def given_up(person: Person, monkeypatch: pytest.MonkeyPatch, *, taken: bool) -> tuple[str, Token]:
    """Issue a ticket while the broker refuses offers, or takes them and says that it does not."""
    chat = person.open(TICKET)
    real = delivering.carry

    def refuse_offers(recipient: str, raw: bytes) -> Reply:
        if b'"Subject":"Issue@Broker"' not in raw:
            return real(recipient, raw)
        if taken:
            real(recipient, raw)
        return Reply(422, b"{}")

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "carry", refuse_offers)
        person.answer_last(chat, Answer="Alice")
    return chat, Token.objects.get(chat=chat)


def test_offer_that_is_given_up_ends_and_wakes_its_script(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, token = given_up(alice, monkeypatch, taken=False)
    assert (token.state, token.reason, token.answer) == ("EXPIRED", "UNDELIVERED", "")
    dead = OutboxMessage.objects.get(subject="Issue@Broker")
    assert (dead.state, dead.last_error) == ("DEAD", "refused: 422")
    event = TokenEvent.objects.get(token=token, value="EXPIRED")
    assert event.origin == f"outbox:{dead.pk}"
    open_still = Run.objects.exclude(state__in=("DONE", "DECLINED"))
    assert set(open_still.values_list("script", flat=True)) == {"OnTokenLapsed"}  # its timer
    assert alice.lines(chat)[-1].startswith(("FAIL", "INFO", "DONE"))


def test_offer_that_has_ended_is_not_sent_again(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up(alice, monkeypatch, taken=False)
    dead = OutboxMessage.objects.get(subject="Issue@Broker")
    assert not outbox.resend(dead.pk)
    assert OutboxMessage.objects.get(pk=dead.pk).state == "DEAD"


def test_broker_that_had_it_after_all_accepts_too_late(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = given_up(alice, monkeypatch, taken=True)
    word: dict[str, Any] = {"Token": str(token.pk), "Answer": "ACCEPTED"}
    assert send_as(BROKER, "theatre.test", "Offered@Issuer", word).status == 200
    pump()
    token.refresh_from_db()
    assert (token.state, token.status) == ("EXPIRED", "REVOKED")
    kinds = set(TokenEvent.objects.filter(token=token).values_list("kind", flat=True))
    assert "LATE" in kinds
