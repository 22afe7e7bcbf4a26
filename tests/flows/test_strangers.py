"""What strangers put into messages is of any type: it is refused, and nothing is quarantined."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from broker.models import Chat, Token
from scripts.models import Run
from tests.flows.steps import TICKET, offered_ticket
from tests.parties import send_as
from tests.person import BROKER, Person
from tests.pump import pump

ODD: list[Any] = [None, 0, -1, True, "", "x", "x" * 3000, [], [1], {}, {"a": {"b": 1}}, "\u2028"]


def assert_nothing_is_poisoned() -> None:
    pump()
    odd = Run.objects.filter(state__in=("QUARANTINED", "READY"))
    assert [(run.script, run.error) for run in odd] == []


def variants(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the body with each value in turn replaced by each odd one."""
    return [{**body, name: odd} for odd in ODD for name in body]


def test_odd_values_from_a_wallet(alice: Person) -> None:
    messages: dict[str, dict[str, Any]] = {
        "Locate@Broker": {"Locator": TICKET, "Hook": str(uuid4()), "Inputs": {}},
        "Opened@Broker": {"Chat": str(uuid4()), "PublicKey": "x"},
        "Saved@Broker": {"Issuer": "theatre.test", "Token": str(uuid4()), "Path": "x"},
    }
    for subject, good in messages.items():
        for body in variants(good):
            assert alice.send(BROKER, subject, body).status in (200, 422)
    for body in variants({"Sets": []}):
        assert alice.send(BROKER, "Frontend@Broker", body).status in (200, 403, 422)
    assert_nothing_is_poisoned()


def test_odd_values_from_a_host(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    far = "2126-01-02T03:00:00Z"
    offer = {"Schema": ".HOST/BOOKING", "Starts": far, "Expires": far, "Until": far}
    offer |= {"Chat": chat, "Token": str(uuid4())}
    prompt = {"Chat": chat, "Prompt": str(uuid4()), "Format": "INFO", "Expires": far, "Emoji": "x"}
    for body in variants(offer):
        send_as("theatre.test", BROKER, "Issue@Broker", body)
    for body in variants(prompt):
        send_as("theatre.test", BROKER, "Prompt@Broker", body)
    for body in variants({"Token": token, "Status": "REVOKED"}):
        send_as("gym.test", BROKER, "Revise@Broker", body)
    assert_nothing_is_poisoned()
    assert [str(row.token) for row in Token.objects.all()] == [token]


def test_odd_answers_from_a_person(alice: Person) -> None:
    chat = alice.open(".HOST,gym.test,membership")
    question = alice.prompts(chat)[-1]
    good = {"Prompt": question["Hook"], "Result": "OK", "Answer": "Mornings"}
    for body in variants(good):
        alice.send_in_chat(chat, "gym.test", "Reply@Host", body)
    assert_nothing_is_poisoned()
    assert Chat.objects.get(pk=chat).state == "ACTIVE"


def test_odd_values_from_brokers_and_notifiers(alice: Person) -> None:
    _, token = offered_ticket(alice)
    for body in variants({"Token": token, "Answer": "DECLINED", "Reason": "EXPIRED"}):
        send_as("gym.test", "theatre.test", "Offered@Issuer", body)
    for body in variants({"Chat": "x"}):
        send_as("gym.test", "theatre.test", "Hello@Host", body)
    for body in variants({"Wallet": "x", "Chat": "x"}):
        send_as("gym.test", "notifier.test", "Save@Notifier", body)
    for body in variants({"Language": "en-us", "PublicKey": "x"}):
        send_as("notifier.test", BROKER, "Onboard@Broker", body)
    assert_nothing_is_poisoned()
