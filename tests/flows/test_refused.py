"""Whatever a broker finds wrong with an offer that it has acknowledged, its script goes on at once.

Each case breaks one offer on its way, at the place where a broker could find it so. The script is
the theatre's, which says at its end that there is no ticket; no time passes but what the attempts
of a broken handler take.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from broker import offers
from broker.models import Chat
from broker.models import Token as BrokerToken
from host.models import Prompt
from issuer.models import Token, TokenEvent
from messaging import clock, keys
from messaging.models import OutboxMessage
from messaging.syntax import format_time
from scripts import lifecycle, services
from scripts.models import Run
from tests.flows.steps import TICKET, offered_ticket
from tests.parties import send_as
from tests.person import Person
from tests.pump import deliver_due, pump

NOBODY = "No ticket then. Seat B10 is free again."
OTHER = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f0aa"


def offer_on_its_way(alice: Person) -> tuple[str, OutboxMessage]:
    """Get to where the offer is queued and has not left; return the chat and the message."""
    chat = alice.open(TICKET)
    alice.reply(chat, alice.prompts(chat)[-1], Answer="Alice")
    while not OutboxMessage.objects.filter(subject="Issue@Broker").exists():
        assert services.sweep()["runs"]
    return chat, OutboxMessage.objects.get(subject="Issue@Broker")


def last_line(chat: str) -> str:
    """Return what the host would have the person read; its broker may show nothing any more."""
    return str(Prompt.objects.filter(chat__chat=chat).latest("created_at").text)


def days(number: int) -> str:
    return format_time(clock.now() + timedelta(days=number))


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {key: value for key, value in body.items() if key != name}


def other(**parts: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {**body, **parts}


BODIES: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "no chat": (without("Chat"), "MALFORMED"),
    "no schema": (without("Schema"), "MALFORMED"),
    "no start": (without("Starts"), "MALFORMED"),
    "a chat that is none": (other(Chat="here"), "MALFORMED"),
    "a schema that is none": (other(Schema="no schema"), "MALFORMED"),
    "a schema that is a list": (other(Schema=[".HOST/BOOKING"]), "MALFORMED"),
    "a schema too long": (other(Schema=".HOST/" + "A" * 500), "MALFORMED"),
    "a start that is no time": (other(Starts="soon"), "MALFORMED"),
    "an end that is no time": (other(Expires={"Year": 2030}), "MALFORMED"),
    "a deadline that is no time": (other(Until="later"), "MALFORMED"),
    "an unknown chat": (other(Chat=OTHER), "NOT_YOUR_CHAT"),
    "an end before the start": (
        lambda b: {**b, "Starts": days(9), "Expires": days(8)},
        "BAD_DATES",
    ),
    "an end in the past": (lambda b: {**b, "Starts": days(-9), "Expires": days(-8)}, "BAD_DATES"),
    "a start too far ahead": (
        lambda b: {**without("Expires")(b), "Starts": days(3 * 366)},
        "STARTS_TOO_LATE",
    ),
}


def assert_refused(chat: str, code: str) -> None:
    token = Token.objects.get(chat=chat)
    assert (token.state, token.answer) == ("DECLINED", "DECLINED")
    assert (token.reason, token.code) == ("REFUSED", code)
    assert TokenEvent.objects.filter(token=token, kind="STATE", value="DECLINED").count() == 1
    assert last_line(chat) == NOBODY
    assert Run.objects.get(pk=token.run).state == "DONE"
    assert not BrokerToken.objects.filter(token=token.pk).exists()


@pytest.mark.parametrize("case", BODIES)
def test_offer_with_an_unfit_body_is_refused_to_its_script(alice: Person, case: str) -> None:
    chat, message = offer_on_its_way(alice)
    change, code = BODIES[case]
    OutboxMessage.objects.filter(pk=message.pk).update(body=change(message.body))
    pump()
    assert_refused(chat, code)


def ended(state: str) -> Callable[[str], None]:
    return lambda chat: void(Chat.objects.filter(pk=chat).update(state=state))


def of_another_host(chat: str) -> None:
    Chat.objects.filter(pk=chat).update(host="gym.test")


def of_another_broker(chat: str) -> None:
    Chat.objects.filter(pk=chat).update(domain="gym.test")


def full(chat: str) -> None:
    row = Chat.objects.get(pk=chat)
    for _ in range(offers.OFFERS_PER_ISSUER):
        BrokerToken.objects.create(
            domain=row.domain,
            issuer=row.host,
            token=uuid4(),
            wallet=row.wallet,
            chat=row,
            schema=".HOST/BOOKING",
            starts=clock.now(),
            until=clock.now() + timedelta(days=1),
            language="en-us",
            created_at=clock.now(),
        )


def void(_: object) -> None:
    """Take what nobody needs."""


CHATS: dict[str, tuple[Callable[[str], None], str]] = {
    "its host has ended": (ended("WRAPPED"), "CHAT_ENDED"),
    "its person has left": (ended("ABANDONED"), "CHAT_ENDED"),
    "is not the host's yet": (ended("OPENED"), "NOT_YOUR_CHAT"),
    "has another host": (of_another_host, "NOT_YOUR_CHAT"),
    "has another broker": (of_another_broker, "NOT_YOUR_CHAT"),
    "has five offers already": (full, "TOO_MANY_OFFERS"),
}


@pytest.mark.parametrize("case", CHATS)
def test_offer_in_an_unfit_chat_is_refused_to_its_script(alice: Person, case: str) -> None:
    chat, _ = offer_on_its_way(alice)
    change, code = CHATS[case]
    change(chat)
    pump()
    token = Token.objects.get(chat=chat)
    assert (token.state, token.reason, token.code) == ("DECLINED", "REFUSED", code)
    assert last_line(chat) == NOBODY


def test_offer_whose_handler_is_quarantined_is_refused_to_its_script(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, _ = offer_on_its_way(alice)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a broker that is broken")

    with monkeypatch.context() as patch:
        patch.setattr(offers, "take_offer", broken)
        while not Run.objects.filter(script="Issue@Broker", state="QUARANTINED").exists():
            clock.move(61)
            pump()
    pump()
    assert_refused(chat, "BROKER_FAILED")
    # An operator lets it try again, and the person says yes: too late, and void.
    assert lifecycle.retry(Run.objects.get(script="Issue@Broker").pk, by="ada")
    pump()
    question = [each for each in alice.prompts(chat) if each["Sender"] == "broker.test"][-1]
    alice.reply(chat, question, Result="YES")
    pump()
    assert alice.saved("theatre.test", str(Token.objects.get().pk)).status == 200
    pump()
    token = Token.objects.get()
    assert (token.state, token.reason, token.status) == ("DECLINED", "REFUSED", "REVOKED")
    assert TokenEvent.objects.filter(token=token, kind="LATE").exists()
    assert BrokerToken.objects.get().status == "REVOKED"


def test_offer_whose_handler_is_cancelled_is_refused_to_its_script(alice: Person) -> None:
    chat, _ = offer_on_its_way(alice)
    deliver_due()
    assert lifecycle.cancel(Run.objects.get(script="Issue@Broker").pk, by="ada")
    pump()
    assert_refused(chat, "BROKER_FAILED")


def test_bad_repeat_of_a_live_offer_declines_nothing(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    body = OutboxMessage.objects.get(subject="Issue@Broker").body
    for change in (other(Schema=".HOST/OTHER"), other(Chat=OTHER), without("Starts")):
        send_as("theatre.test", "broker.test", "Issue@Broker", change(body))
    pump()
    assert Token.objects.get(pk=token).state == "OFFERED"
    assert BrokerToken.objects.get(token=token).state == "DETAILED"
    assert not OutboxMessage.objects.filter(subject="Offered@Issuer").exists()
    alice.answer_last(chat, Result="NO")
    assert Token.objects.get(pk=token).reason == ""


def test_refusal_counts_from_its_own_broker_only(alice: Person) -> None:
    _, token = offered_ticket(alice)
    word = {"Token": token, "Answer": "DECLINED", "Reason": "REFUSED", "Code": "CHAT_ENDED"}
    send_as("gym.test", "theatre.test", "Offered@Issuer", word)
    pump()
    assert Token.objects.get(pk=token).state == "OFFERED"


@pytest.mark.parametrize("code", ["", "lower case", "X" * 41, "<script>", "A B", 7, None])
def test_code_that_is_none_is_left_out(alice: Person, code: Any) -> None:
    _, token = offered_ticket(alice)
    word = {"Token": token, "Answer": "DECLINED", "Reason": "REFUSED", "Code": code}
    send_as("broker.test", "theatre.test", "Offered@Issuer", word)
    pump()
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.reason, issued.code) == ("DECLINED", "REFUSED", "")


def test_other_brokers_word_in_the_buffer_ends_the_offer(alice: Person) -> None:
    """A broker that knows no Reason REFUSED says it to the issuer's Buffer, by correlation."""
    chat, token = offered_ticket(alice)
    offer = OutboxMessage.objects.get(subject="Issue@Broker")
    told = {"Sender": "theatre.test", "Correlation": str(offer.correlation), "Status": "Discarded"}
    send_as("broker.test", "theatre.test", "Feedback@Buffer", {**told, "Reason": "No such chat"})
    pump()
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.reason, issued.code) == ("DECLINED", "REFUSED", "")
    assert TokenEvent.objects.get(token=issued, value="DECLINED").note == "No such chat"
    assert last_line(chat) == NOBODY


def test_word_about_a_repeat_says_nothing_of_the_offer(alice: Person) -> None:
    """A script of the theatre sent the same token once more by itself."""
    _, token = offered_ticket(alice)
    repeat = OutboxMessage.objects.get(subject="Issue@Broker")
    repeat.pk, repeat.key, repeat.correlation = uuid4(), "again", uuid4()
    repeat.origin = str(Token.objects.get(pk=token).run)
    repeat.save(force_insert=True)
    told = {"Sender": "theatre.test", "Correlation": str(repeat.correlation), "Status": "Discarded"}
    send_as("broker.test", "theatre.test", "Feedback@Buffer", told)
    pump()
    assert Token.objects.get(pk=token).state == "OFFERED"


def test_a_domain_that_names_no_buffer_is_still_answered(alice: Person) -> None:
    """The answer is `Offered@Issuer`: it needs no manifest, and is not counted as a hint."""
    assert keys.hosted_name("theatre.test")
    chat, message = offer_on_its_way(alice)
    OutboxMessage.objects.filter(pk=message.pk).update(body=other(Chat=OTHER)(message.body))
    pump()
    assert not OutboxMessage.objects.filter(subject="Manifest@Domain").exists()
    assert_refused(chat, "NOT_YOUR_CHAT")
