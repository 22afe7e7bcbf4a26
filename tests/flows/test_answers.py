"""The broker's word: repeated, contradicted, late, early. One transition, one resume."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from broker.models import Token as BrokerToken
from issuer.models import Token, TokenEvent
from messaging import clock, inbox
from messaging.models import OutboxMessage
from scripts.models import Run, Signal
from tests.flows.steps import agreed_ticket, offered_ticket
from tests.parties import domain_message, send_as
from tests.person import Person
from tests.pump import pump

OFFERED = "Offered@Issuer"


def handed_in(raw: bytes) -> int:
    """Hand a message in from a thread of its own."""
    try:
        return inbox.receive(raw).status
    finally:
        connections.close_all()


def work() -> None:
    """Be one of several workers."""
    try:
        pump()
    finally:
        connections.close_all()


def test_offered_100_times_8_at_once_is_one_transition_one_resume_one_event(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    body = {"Token": token, "Answer": "ACCEPTED"}
    raws = [domain_message("broker.test", "theatre.test", OFFERED, body) for _ in range(50)]
    raws += raws  # every one twice: fifty messages, each repeated
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(handed_in, raws)) == {200}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: work(), range(4)))
    pump()
    assert Token.objects.get(pk=token).state == "ACCEPTED"
    assert TokenEvent.objects.filter(token_id=token, value="ACCEPTED").count() == 1
    assert Run.objects.filter(script="OnTokenOffered", domain="theatre.test").count() == 1
    assert Signal.objects.filter(hook__name=token).count() == 1
    assert [line for line in alice.lines(chat) if line.startswith("DONE")] == [
        "DONE Your ticket is in your wallet. See you tonight, Alice."
    ]


def test_contradicting_answer_changes_nothing_and_leaves_a_conflict(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    alice.answer_last(chat, Result="NO")
    for _ in range(3):
        body = {"Token": token, "Answer": "ACCEPTED"}
        assert send_as("broker.test", "theatre.test", OFFERED, body).status == 200
        pump()
    assert Token.objects.get(pk=token).state == "DECLINED"
    conflicts = TokenEvent.objects.filter(token_id=token, kind="CONFLICT")
    assert [event.value for event in conflicts] == ["ACCEPTED"]
    assert alice.lines(chat)[-1] == "FAIL No ticket then. Seat B10 is free again."


def test_answer_from_another_broker_is_refused(alice: Person) -> None:
    _, token = offered_ticket(alice)
    send_as("gym.test", "theatre.test", OFFERED, {"Token": token, "Answer": "ACCEPTED"})
    pump()
    assert Token.objects.get(pk=token).state == "OFFERED"
    assert Run.objects.get(script=OFFERED).state == "FAILED"


def test_answer_that_overtakes_the_acknowledgement_is_accepted(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    Token.objects.filter(pk=token).update(state="ISSUED")
    send_as("broker.test", "theatre.test", OFFERED, {"Token": token, "Answer": "ACCEPTED"})
    pump()
    assert Token.objects.get(pk=token).state == "ACCEPTED"
    assert alice.lines(chat)[-1].startswith("DONE")


def test_acceptance_after_the_issuer_gave_up_is_late_and_voids_the_token(alice: Person) -> None:
    """The broker is cut off: its word comes after the issuer has decided alone."""
    chat, token = agreed_ticket(alice)
    Token.objects.filter(pk=token).update(decide_at=clock.now())
    clock.move(1)
    run = Run.objects.get(script="OnTokenLapsed", domain="theatre.test")
    run.timer.due_at = clock.now()
    run.timer.save()
    pump()
    assert Token.objects.get(pk=token).state == "EXPIRED"
    assert alice.lines(chat)[-1] == "FAIL No ticket then. Seat B10 is free again."

    assert alice.saved("theatre.test", token).status == 200
    pump()
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.status) == ("EXPIRED", "REVOKED")
    late = TokenEvent.objects.get(token_id=token, kind="LATE")
    assert late.value == "ACCEPTED"
    mirrored = BrokerToken.objects.get(token=token)
    assert (mirrored.state, mirrored.status) == ("SAVED", "REVOKED")
    assert "INFO Seat ticket, by The Guild theatre is void now." in alice.lines(chat)


def test_saved_after_the_broker_let_the_offer_lapse_removes_the_copy(alice: Person) -> None:
    chat = alice.open(".HOST,library.test,card")
    token = str(Token.objects.get(chat=chat).pk)
    alice.answer_last(chat, Result="YES")
    clock.move(5)
    pump()
    assert alice.saved("library.test", token).status == 200
    pump()
    assert BrokerToken.objects.get(token=token).state == "EXPIRED"
    assert Token.objects.get(pk=token).state == "EXPIRED"
    [removed] = alice.waiting("Remove@Notifier")
    assert (removed["Issuer"], removed["Token"]) == ("library.test", token)


def test_reply_after_the_deadline_changes_nothing(alice: Person) -> None:
    chat = alice.open(".HOST,library.test,card")
    question = alice.prompts(chat)[-1]
    clock.move(5)
    alice.reply(chat, question, Result="YES")
    pump()
    assert BrokerToken.objects.get(chat=chat).state == "EXPIRED"
    assert not alice.waiting("Save@Notifier")


def test_second_reply_changes_nothing(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    question = alice.prompts(chat)[-1]
    alice.reply(chat, question, Result="NO")
    alice.reply(chat, question, Result="YES")
    pump()
    assert Token.objects.get(pk=token).state == "DECLINED"


def test_repeated_offer_asks_once_and_a_different_one_is_dropped(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker").body
    send_as("theatre.test", "broker.test", "Issue@Broker", offer)
    send_as("theatre.test", "broker.test", "Issue@Broker", {**offer, "Schema": ".HOST/OTHER"})
    pump()
    assert BrokerToken.objects.filter(token=token).count() == 1
    assert alice.lines(chat).count("CONFIRM Keep this in your wallet?") == 1


def test_offer_in_a_chat_of_another_host_is_dropped(alice: Person) -> None:
    offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker").body
    body = {**offer, "Token": "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"}
    send_as("gym.test", "broker.test", "Issue@Broker", body)
    pump()
    assert BrokerToken.objects.count() == 1
