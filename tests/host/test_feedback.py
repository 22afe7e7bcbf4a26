"""A discard after the acknowledgement is told to the sender's Buffer: once, bounded, no loop."""

from __future__ import annotations

from typing import Any

import pytest

from host.models import Manifest
from messaging import feedback, inbox, keys, outbox
from messaging.models import InboxMessage, OutboxMessage
from tests.messaging.parties import CHAT, TOKEN, pinned_peer
from tests.parties import domain_message, send_as
from tests.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)
MOST_AN_HOUR = 20
THEATRE, BROKER, BUFFER = "theatre.test", "broker.test", "buffer.test"
# Well-formed and signed, about a token that there is not: acknowledged first, discarded then.
UNKNOWN = {"Token": TOKEN, "Answer": "ACCEPTED"}


@pytest.fixture(autouse=True)
def domains() -> None:
    for name in (THEATRE, BROKER, BUFFER):
        keys.create_domain(name)


def name_buffer(domain: str, sections: dict[str, Any]) -> None:
    Manifest.objects.create(domain=domain, title=domain, sections=sections)


def subjects() -> list[str]:
    return list(OutboxMessage.objects.order_by("created_at").values_list("subject", flat=True))


def test_buffer_is_told_why_and_the_sender_sees_it() -> None:
    name_buffer(BROKER, {"Buffer": BUFFER})
    sent = outbox.queue(
        key="x",
        sender=BROKER,
        recipient=THEATRE,
        subject="Offered@Issuer",
        body=UNKNOWN,
        correlation=CHAT,
    )
    pump()
    told = OutboxMessage.objects.get(subject=feedback.SUBJECT)
    assert (told.sender, told.recipient) == (THEATRE, BUFFER)
    assert told.body == {
        "Sender": BROKER,
        "Correlation": CHAT,
        "Status": "Discarded",
        "Reason": "Refused",
    }
    assert told.state == "SENT"
    assert InboxMessage.objects.get(subject=feedback.SUBJECT).state == "HANDLED"
    sent.refresh_from_db()
    assert sent.last_error == "discarded by its receiver: Refused"


def test_message_that_misses_its_assertions_is_not_acceptable() -> None:
    name_buffer(BROKER, {"Buffer": BUFFER})
    assert send_as(BROKER, THEATRE, "Offered@Issuer", {"Token": "no id"}).status == 200
    pump()
    assert OutboxMessage.objects.get(subject=feedback.SUBJECT).body["Reason"] == "Not acceptable"


@pytest.mark.parametrize("sections", [{"Buffer": "no domain"}, {"Buffer": 1}, {"Buffer": []}])
def test_sender_without_a_buffer_is_told_nothing(sections: dict[str, Any]) -> None:
    name_buffer(BROKER, sections)
    assert send_as(BROKER, THEATRE, "Offered@Issuer", UNKNOWN).status == 200
    pump()
    assert subjects() == ["Manifest@Domain"]


def test_domain_hosted_here_hears_it_itself_unless_it_names_another() -> None:
    sent = outbox.queue(
        key="x", sender=BROKER, recipient=THEATRE, subject="Offered@Issuer", body=UNKNOWN
    )
    pump()
    assert OutboxMessage.objects.get(subject=feedback.SUBJECT).recipient == BROKER
    sent.refresh_from_db()
    assert sent.last_error == "discarded by its receiver: Refused"


def test_word_that_overtakes_the_acknowledgement_is_heard() -> None:
    sent = outbox.queue(
        key="x", sender=BROKER, recipient=THEATRE, subject="Offered@Issuer", body=UNKNOWN
    )
    known = {"sender": BROKER, "receiver": THEATRE, "correlation": str(sent.correlation)}
    assert not feedback.note(**known, reason="Refused")  # it has not left
    OutboxMessage.objects.update(attempts=1)
    assert feedback.note(**known, reason="Refused")


def test_feedback_that_is_discarded_gives_no_feedback() -> None:
    """Two domains that discard each other's hints would go on for ever."""
    name_buffer(BROKER, {"Buffer": BUFFER})
    body = {"Sender": THEATRE, "Correlation": TOKEN, "Status": "Discarded"}
    assert send_as(BROKER, THEATRE, feedback.SUBJECT, body).status == 200
    pump()
    assert InboxMessage.objects.get().state == "DISCARDED"
    assert subjects() == []


def test_sync_message_and_wallet_get_their_answer_only() -> None:
    name_buffer(BROKER, {"Buffer": BUFFER})
    assert send_as(BROKER, THEATRE, "Chat@Broker", {"Chat": CHAT}).status == 403
    pump()
    assert subjects() == []


def test_rubbish_gets_twenty_hints_an_hour() -> None:
    name_buffer(BROKER, {"Buffer": BUFFER})
    for _ in range(MOST_AN_HOUR + 5):
        assert send_as(BROKER, THEATRE, "Offered@Issuer", UNKNOWN).status == 200
    pump()
    assert subjects().count(feedback.SUBJECT) == MOST_AN_HOUR


def test_repeat_of_a_discarded_message_gives_no_second_hint() -> None:
    name_buffer(BROKER, {"Buffer": BUFFER})
    raw = domain_message(BROKER, THEATRE, "Offered@Issuer", UNKNOWN)
    for _ in range(3):
        assert inbox.receive(raw).status == 200
        pump()
    assert subjects().count(feedback.SUBJECT) == 1


def test_nobody_can_say_it_of_anothers_message() -> None:
    raw = domain_message(BROKER, THEATRE, "Offered@Issuer", UNKNOWN, correlation=CHAT)
    assert inbox.receive(raw).status == 200
    body = {"Sender": BROKER, "Correlation": CHAT, "Status": "Discarded"}
    stranger = pinned_peer("charlie.test")
    assert inbox.receive(stranger.message(feedback.SUBJECT, body, to=BUFFER)).status == 200
    pump()
    said = InboxMessage.objects.get(subject=feedback.SUBJECT, sender="charlie.test")
    assert said.state == "DISCARDED"
