"""An issuer takes an offer back: nobody is asked any more, and its script goes on with nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from broker.models import Token as BrokerToken
from host.models import Prompt
from issuer import services
from issuer.models import Token, TokenEvent
from messaging.models import OutboxMessage
from scripts import services as runs
from scripts import wakes
from scripts.models import Run
from tests.flows.steps import TICKET, agreed_ticket, offered_ticket
from tests.person import Person
from tests.pump import deliver_due, pump

NOBODY = "FAIL No ticket then. Seat B10 is free again."


def withdraw(token: str) -> Token:
    return services.withdraw_offer(token, origin="operator:ada", why="cancelled by ada")


def test_withdrawn_offer_wakes_its_script_and_closes_the_question(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    question = alice.prompts(chat)[-1]
    withdraw(token)
    pump()
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.reason, issued.status) == ("DECLINED", "WITHDRAWN", "REVOKED")
    event = TokenEvent.objects.get(token_id=token, kind="STATE", value="DECLINED")
    assert (event.origin, event.note) == ("operator:ada", "cancelled by ada")
    assert alice.lines(chat)[-1] == NOBODY
    mirrored = BrokerToken.objects.get(token=token)
    assert (mirrored.state, mirrored.status) == ("WITHDRAWN", "REVOKED")
    assert Prompt.objects.get(pk=question["Hook"]).state == "WITHDRAWN"
    assert Run.objects.get(script="OnTokenDetailed").state == "DONE"
    [updated] = alice.waiting("Updated@Notifier")
    assert updated["Updates"] == ["OFFERS"]
    # The issuer knows: nothing is answered.
    assert not OutboxMessage.objects.filter(subject="Offered@Issuer").exists()


def test_answer_to_a_withdrawn_question_changes_nothing(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    question = alice.prompts(chat)[-1]
    withdraw(token)
    pump()
    alice.reply(chat, question, Result="YES")
    pump()
    assert BrokerToken.objects.get(token=token).state == "WITHDRAWN"
    assert not alice.waiting("Save@Notifier")


def test_acceptance_that_crosses_the_withdrawal_is_late_and_void(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    assert alice.saved("theatre.test", token).status == 200
    services.withdraw_offer(token, origin="run:x", why="its run was cancelled")
    pump()
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.reason, issued.status) == ("DECLINED", "WITHDRAWN", "REVOKED")
    assert TokenEvent.objects.filter(token_id=token, kind="LATE", value="ACCEPTED").exists()
    mirrored = BrokerToken.objects.get(token=token)
    assert (mirrored.state, mirrored.status) == ("SAVED", "REVOKED")
    assert alice.lines(chat).count(NOBODY) == 1


def test_copy_that_is_reported_after_the_withdrawal_is_let_go_of(alice: Person) -> None:
    _, token = agreed_ticket(alice)
    withdraw(token)
    pump()
    assert alice.saved("theatre.test", token).status == 200
    pump()
    assert BrokerToken.objects.get(token=token).state == "WITHDRAWN"
    [removed] = alice.waiting("Remove@Notifier")
    assert (removed["Issuer"], removed["Token"]) == ("theatre.test", token)


@pytest.mark.parametrize("answer", ["YES", "NO"])
def test_first_decision_wins(alice: Person, answer: str) -> None:
    chat, token = offered_ticket(alice)
    alice.answer_last(chat, Result=answer)
    if answer == "YES":
        alice.saved("theatre.test", token)
        pump()
    before = Token.objects.values().get(pk=token)
    withdraw(token)
    pump()
    assert Token.objects.values().get(pk=token) == before


def test_twice_withdrawn_is_withdrawn_once(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    withdraw(token)
    withdraw(token)
    pump()
    assert OutboxMessage.objects.filter(subject="Revise@Broker").count() == 1
    assert alice.lines(chat).count(NOBODY) == 1


def test_offers_of_a_run_are_withdrawn_with_it(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    run = Token.objects.get(pk=token).run
    assert isinstance(run, UUID)
    assert services.withdraw_offers(run, origin="operator:ada", why="cancelled") == 1
    assert services.withdraw_offers(run, origin="operator:ada", why="cancelled") == 0
    pump()
    assert alice.lines(chat)[-1] == NOBODY


def test_offer_that_is_withdrawn_before_its_titles_are_known_is_never_asked(alice: Person) -> None:
    """The withdrawal is there before the run that would ask."""
    chat = alice.open(TICKET)
    alice.reply(chat, alice.prompts(chat)[-1], Answer="Alice")
    while not BrokerToken.objects.exists():
        step()
    withdraw(str(Token.objects.get().pk))
    pump()
    assert "CONFIRM Keep this in your wallet?" not in alice.lines(chat)
    assert alice.lines(chat)[-1] == NOBODY


def test_withdrawal_that_overtakes_the_offer_ends_it_all_the_same(alice: Person) -> None:
    """Nothing says that a broker handles messages in the order in which they left."""
    chat = alice.open(TICKET)
    alice.reply(chat, alice.prompts(chat)[-1], Answer="Alice")
    while not Token.objects.exists():
        step()
    withdraw(str(Token.objects.get().pk))
    pump()
    assert alice.lines(chat)[-1] == NOBODY
    assert "CONFIRM Keep this in your wallet?" not in alice.lines(chat)
    assert not BrokerToken.objects.exclude(state="WITHDRAWN").exists()


def step() -> None:
    """Do one piece of work that is due."""
    due = wakes.due_runs(1)
    assert runs.advance(due[0]) if due else deliver_due()
