"""What strangers put into messages is of any type: it is refused, and nothing is quarantined."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from broker.models import Chat, Token
from scripts.models import Run
from tests.flows.steps import offered_ticket
from tests.parties import send_as
from tests.person import BROKER, Person
from tests.pump import pump

ODD: list[Any] = [None, 0, -1, True, "", "x", "x" * 3000, [], [1], {}, {"a": {"b": 1}}, "\u2028"]


def assert_nothing_is_poisoned() -> None:
    pump()
    odd = Run.objects.filter(state__in=("QUARANTINED", "READY"))
    assert [(run.script, run.error) for run in odd] == []


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_from_a_wallet(alice: Person, odd: Any) -> None:
    good = {"Locator": ".HOST,theatre.test,ticket", "Hook": str(uuid4()), "Inputs": {}}
    for name in good:
        alice.send(BROKER, "Locate@Broker", {**good, name: odd})
    for name in ("Chat", "PublicKey"):
        alice.send(BROKER, "Opened@Broker", {"Chat": str(uuid4()), "PublicKey": "x", name: odd})
    for name in ("Issuer", "Token", "Path"):
        body = {"Issuer": "theatre.test", "Token": str(uuid4()), "Path": "x", name: odd}
        alice.send(BROKER, "Saved@Broker", body)
    answer = alice.send(BROKER, "Frontend@Broker", {"Sets": odd})
    assert answer.status in (200, 403, 422)
    assert_nothing_is_poisoned()


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_from_a_host(alice: Person, odd: Any) -> None:
    chat, token = offered_ticket(alice)
    offer = {
        "Chat": chat,
        "Token": str(uuid4()),
        "Schema": ".HOST/BOOKING",
        "Starts": "2026-01-02T03:00:00Z",
        "Expires": "2126-01-02T03:00:00Z",
        "Until": "2126-01-02T03:00:00Z",
    }
    for name in offer:
        send_as("theatre.test", BROKER, "Issue@Broker", {**offer, name: odd})
    prompt = {
        "Chat": chat,
        "Prompt": str(uuid4()),
        "Format": "INFO",
        "Expires": "2126-01-02T03:00:00Z",
        "Emoji": "x",
    }
    for name in prompt:
        send_as("theatre.test", BROKER, "Prompt@Broker", {**prompt, name: odd})
    for name in ("Token", "Status"):
        body = {"Token": token, "Status": "REVOKED", name: odd}
        send_as("gym.test", BROKER, "Revise@Broker", body)
    assert_nothing_is_poisoned()
    assert Token.objects.filter(issuer="theatre.test").count() <= 2


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_answers_from_a_person(alice: Person, odd: Any) -> None:
    chat = alice.open(".HOST,gym.test,membership")
    question = alice.prompts(chat)[-1]
    for body in ({"Answer": odd}, {"Result": odd, "Answer": "Mornings"}, {"Prompt": odd}):
        alice.send_in_chat(
            chat, "gym.test", "Reply@Host", {"Prompt": question["Hook"], "Result": "OK", **body}
        )
    assert_nothing_is_poisoned()
    assert Chat.objects.get(pk=chat).state == "ACTIVE"


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_from_a_broker(alice: Person, odd: Any) -> None:
    _, token = offered_ticket(alice)
    for name in ("Token", "Answer", "Reason"):
        body = {"Token": token, "Answer": "DECLINED", "Reason": "EXPIRED", name: odd}
        send_as("gym.test", "theatre.test", "Offered@Issuer", body)
        send_as("broker.test", "theatre.test", "Offered@Issuer", {**body, "Answer": odd})
    send_as("gym.test", "theatre.test", "Hello@Host", {"Chat": odd})
    send_as("gym.test", "notifier.test", "Save@Notifier", {"Wallet": odd})
    send_as("notifier.test", BROKER, "Onboard@Broker", {"Language": odd, "PublicKey": odd})
    assert_nothing_is_poisoned()
