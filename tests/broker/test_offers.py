"""What the broker takes as an offer in a chat."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from broker import offers, selectors
from broker.models import Token, Wallet
from issuer.models import Token as IssuerToken
from messaging import clock
from messaging.models import OutboxMessage
from messaging.syntax import format_time
from scripts.models import Run
from tests.flows.steps import agreed_ticket, offered_ticket
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
    assert states() == ["DETAILED", "DETAILED"]
    assert Token.objects.filter(token=OTHER).exists()


QUESTION = "CONFIRM Keep this in your wallet?"


def another(token: str = OTHER) -> None:
    """Offer one more token in the chat of the first."""
    offer = OutboxMessage.objects.filter(subject="Issue@Broker").earliest("created_at").body
    send_as("theatre.test", "broker.test", "Issue@Broker", {**offer, "Token": token})


def answer_question(alice: Person, chat: str, result: str) -> None:
    """Answer the broker's open question, whatever the host has said meanwhile."""
    question = [each for each in alice.prompts(chat) if each["Sender"] == "broker.test"][-1]
    assert alice.reply(chat, question, Result=result).status == 200
    pump()


def states() -> list[str]:
    return list(Token.objects.order_by("created_at").values_list("state", flat=True))


def test_second_offer_waits_for_its_turn(alice: Person) -> None:
    chat, _ = offered_ticket(alice)
    another()
    pump()
    assert states() == ["DETAILED", "QUEUED"]
    assert alice.lines(chat).count(QUESTION) == 1
    alice.answer_last(chat, Result="NO")
    assert states() == ["DECLINED", "DETAILED"]
    assert alice.lines(chat).count(QUESTION) == 2


def test_five_offers_are_asked_about_in_turn_and_the_sixth_is_refused(alice: Person) -> None:
    chat, first = offered_ticket(alice)
    others = [str(uuid4()) for _ in range(5)]
    for token in others:
        another(token)
        pump()
    assert states() == ["DETAILED", *["QUEUED"] * 4]
    refusal = OutboxMessage.objects.get(subject="Offered@Issuer")
    assert refusal.body == {
        "Token": others[4],
        "Answer": "DECLINED",
        "Reason": "REFUSED",
        "Code": "TOO_MANY_OFFERS",
    }
    asked = []
    for _ in range(5):
        asked.append(str(Token.objects.get(state="DETAILED").token))
        answer_question(alice, chat, "NO")
    assert asked == [first, *others[:4]]
    assert states() == ["DECLINED"] * 5


def test_offer_lapses_by_its_own_deadline_while_it_waits(alice: Person) -> None:
    chat, _ = offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker").body
    until = format_time(clock.now() + timedelta(minutes=5))
    body = {**offer, "Token": OTHER, "Until": until}
    send_as("theatre.test", "broker.test", "Issue@Broker", body)
    pump()
    clock.move(301)
    pump()
    assert states() == ["DETAILED", "EXPIRED"]
    assert alice.lines(chat).count(QUESTION) == 1
    [told] = OutboxMessage.objects.filter(subject="Offered@Issuer")
    assert (told.body["Token"], told.body["Reason"]) == (OTHER, "EXPIRED")


def test_offer_that_lapses_gives_its_turn_to_the_next(alice: Person) -> None:
    _, token = offered_ticket(alice)
    another()
    pump()
    offers.lapse_token(str(Token.objects.get(token=token).pk), origin="timer")
    pump()
    assert states() == ["EXPIRED", "DETAILED"]


def test_offer_that_is_withdrawn_gives_its_turn_to_the_next(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    another()
    pump()
    body = {"Token": token, "Status": "REVOKED"}
    send_as("theatre.test", "broker.test", "Revise@Broker", body)
    pump()
    assert states() == ["WITHDRAWN", "DETAILED"]
    # What the first question says is served no more.
    assert [line for line in alice.lines(chat) if line.startswith("CONFIRM")][-2:] == [
        "CONFIRM ",
        QUESTION,
    ]


def test_offer_that_waits_may_be_withdrawn_and_is_never_asked_about(alice: Person) -> None:
    chat, _ = offered_ticket(alice)
    another()
    pump()
    send_as("theatre.test", "broker.test", "Revise@Broker", {"Token": OTHER, "Status": "REVOKED"})
    pump()
    assert states() == ["DETAILED", "WITHDRAWN"]
    alice.answer_last(chat, Result="NO")
    assert alice.lines(chat).count(QUESTION) == 1


def test_wallet_lists_what_is_asked_before_what_is_being_saved(alice: Person) -> None:
    """A wallet takes the first of a chat for what its open question is about."""
    chat, first = offered_ticket(alice)
    another()
    pump()
    alice.answer_last(chat, Result="YES")
    listed = selectors.frontend(Wallet.objects.get(pk=alice.wallet), ["Offers"])["Offers"]
    assert [offer["Token"] for offer in listed] == [OTHER, first]


@pytest.mark.parametrize("leave", ["person", "host"])
def test_chat_that_ends_ends_what_nobody_has_answered(alice: Person, leave: str) -> None:
    chat, first = offered_ticket(alice)
    another()
    pump()
    if leave == "person":
        alice.send("broker.test", "Abandon@Broker", {"Chat": chat})
    else:
        send_as("theatre.test", "broker.test", "Goodbye@Broker", {"Chat": chat})
    pump()
    assert states() == ["WITHDRAWN", "WITHDRAWN"]
    told = OutboxMessage.objects.filter(subject="Offered@Issuer").order_by("created_at")
    assert {message.body["Code"] for message in told} == {"CHAT_ENDED"}
    assert {message.body["Token"] for message in told} == {first, OTHER}
    issued = IssuerToken.objects.get(pk=first)
    assert (issued.state, issued.reason, issued.code) == ("DECLINED", "REFUSED", "CHAT_ENDED")
    assert not Run.objects.filter(script="OnTokenDetailed", finished_at=None).exists()


def test_token_agreed_to_may_still_be_saved_when_the_chat_ends(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    alice.send("broker.test", "Abandon@Broker", {"Chat": chat})
    pump()
    assert states() == ["OFFERED"]
    assert alice.saved("theatre.test", token).status == 200
    pump()
    assert states() == ["SAVED"]
