"""Revisions of a token reach the broker in order, and of those that wait only the newest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker import offers
from broker.models import Token as BrokerToken
from broker.models import TokenEvent as BrokerEvent
from issuer import services
from issuer.models import Token, TokenEvent
from messaging import clock, outbox
from messaging.models import OutboxMessage
from scripts.language.errors import ScriptError
from scripts.models import Run
from scripts.services import advance, sweep
from tests.flows.steps import agreed_ticket, offered_ticket
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import begin

REVISE = "Revise@Broker"


def kept(alice: Person) -> tuple[str, str]:
    """Get to where the wallet has its ticket; return chat and token."""
    chat, token = agreed_ticket(alice)
    assert alice.saved("theatre.test", token).status == 200
    pump()
    return chat, token


def revise(token: str, status: str) -> None:
    services.revise_token(token, status=status, origin="operator:ada")


def test_every_entering_of_a_status_is_told_to_the_person(alice: Person) -> None:
    chat, token = kept(alice)
    for status in ("SUSPENDED", "ACTIVE", "SUSPENDED", "ACTIVE", "REVOKED"):
        revise(token, status)
        revise(token, status)  # as it is
        pump()
        assert BrokerToken.objects.get(token=token).status == status
    ticket = "INFO Seat ticket, by The Guild theatre is"
    assert alice.lines(chat)[-5:] == [
        f"{ticket} suspended for now.",
        f"{ticket} valid again.",
        f"{ticket} suspended for now.",
        f"{ticket} valid again.",
        f"{ticket} void now.",
    ]
    told = [each for each in alice.waiting("Updated@Notifier") if each["Updates"] == ["TOKENS"]]
    assert len(told) == 1 + 5  # once when it was saved
    for model in (TokenEvent, BrokerEvent):
        events = model.objects.filter(kind="STATUS").order_by("at")
        seen = list(events.values_list("value", flat=True))
        assert seen == ["SUSPENDED", "ACTIVE", "SUSPENDED", "ACTIVE", "REVOKED"]


def test_newer_revision_takes_the_place_of_one_that_has_not_left(alice: Person) -> None:
    _, token = kept(alice)
    for status in ("SUSPENDED", "ACTIVE", "SUSPENDED"):
        revise(token, status)
        while sweep()["runs"]:
            pass
    waiting = OutboxMessage.objects.filter(subject=REVISE).order_by("pk")
    assert [(each.state, each.body["Status"]) for each in waiting] == [
        ("DEAD", "SUSPENDED"),
        ("DEAD", "ACTIVE"),
        ("DUE", "SUSPENDED"),
    ]
    assert not outbox.resend(waiting[0].pk)
    pump()
    assert BrokerToken.objects.get(token=token).status == "SUSPENDED"


def test_handlers_that_run_in_another_order_say_the_last_word_last(alice: Person) -> None:
    _, token = kept(alice)
    revise(token, "SUSPENDED")
    revise(token, "ACTIVE")
    older, newer = Run.objects.filter(script="OnTokenRevised", domain="theatre.test").order_by("pk")
    advance(newer.pk)
    advance(older.pk)
    pump()
    assert BrokerToken.objects.get(token=token).status == "ACTIVE"


def test_older_revision_that_comes_late_changes_nothing(alice: Person) -> None:
    _, token = kept(alice)
    mirrored = str(BrokerToken.objects.get(token=token).pk)
    now = clock.now()
    offers.revise_token(mirrored, status="SUSPENDED", at=now, origin="x")
    late = now - timedelta(seconds=1)
    offers.revise_token(mirrored, status="ACTIVE", at=late, origin="x")
    assert BrokerToken.objects.get(pk=mirrored).status == "SUSPENDED"
    offers.revise_token(mirrored, status="ACTIVE", at=now + timedelta(seconds=1), origin="x")
    assert BrokerToken.objects.get(pk=mirrored).status == "ACTIVE"


def test_script_suspends_a_token(alice: Person) -> None:
    _, token = kept(alice)
    begin(
        f"- READ >> $t:\n    Set: Issuer.Tokens\n    Key: {token}\n"
        "- SAVE $t:\n    Status: SUSPENDED"
    )
    pump()
    assert Token.objects.get(pk=token).status == "SUSPENDED"
    assert BrokerToken.objects.get(token=token).status == "SUSPENDED"


@pytest.mark.parametrize("status", ["SUSPENDED", "ACTIVE", "REVOKED"])
def test_offer_that_is_open_cannot_be_revised(alice: Person, status: str) -> None:
    _, token = offered_ticket(alice)
    with pytest.raises(ScriptError, match="only an accepted token"):
        revise(token, status)


def test_revoked_stays_revoked(alice: Person) -> None:
    _, token = kept(alice)
    revise(token, "REVOKED")
    with pytest.raises(ScriptError, match="revoked stays so"):
        revise(token, "ACTIVE")
