"""What the broker takes as an offer in a chat."""

from __future__ import annotations

from broker.models import Token
from messaging import clock
from messaging.models import OutboxMessage
from scripts.models import Run
from tests.flows.steps import offered_ticket
from tests.parties import send_as
from tests.person import Person
from tests.pump import pump

OTHER = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f0aa"


def test_offer_whose_time_is_up_is_not_in_the_way_of_the_next(alice: Person) -> None:
    """Its own timer may not have come round yet."""
    _, token = offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker").body
    Token.objects.filter(token=token).update(until=clock.now())
    clock.move(1)
    send_as("theatre.test", "broker.test", "Issue@Broker", {**offer, "Token": OTHER})
    pump()
    assert set(Token.objects.values_list("state", flat=True)) == {"DETAILED"}
    assert Token.objects.filter(token=OTHER).exists()


def test_second_offer_beside_an_open_one_is_refused(alice: Person) -> None:
    offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker").body
    send_as("theatre.test", "broker.test", "Issue@Broker", {**offer, "Token": OTHER})
    pump()
    assert not Token.objects.filter(token=OTHER).exists()
    assert "too many undecided" in Run.objects.get(script="Issue@Broker", state="FAILED").error
