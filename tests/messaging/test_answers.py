"""Sync messages: the signed wrapper, refusals, deadlines (protocol 2.6)."""

from __future__ import annotations

import pytest

from messaging import inbox, keys
from messaging.envelope import Envelope
from messaging.inbox import Answer
from messaging.models import InboxMessage
from tests.messaging.parties import BROKER, CHAT, THEATRE, TOKEN, Desk, Peer
from tests.messaging.test_inbox import unsigned


def test_sync_message_is_answered_by_a_signed_response(broker: Peer, desk: Desk) -> None:
    asked = broker.envelope("Status@Broker", {"Token": TOKEN})
    answer = inbox.receive(asked.to_bytes())
    assert answer.status == 200
    assert answer.body.keys() == {"Request", "Response", "Meta"}
    assert answer.body["Request"] == asked.header.to_dict()
    assert answer.body["Meta"]["Code"] == 200
    assert answer.body["Meta"]["LatencyMs"] >= 0
    response = Envelope.parse(answer.body["Response"])
    selector, key = keys.signing_key(THEATRE)
    assert response.hash_matches()
    assert response.verifies(key.public)
    header = response.header
    assert (header.sender, header.to, header.selector) == (THEATRE, BROKER, selector)
    assert (header.subject, header.correlation) == ("Status@Broker", asked.header.correlation)
    assert response.body == {"Status": "ACTIVE"}


def reply_address(answer: Answer) -> str:
    return Envelope.parse(answer.body["Response"]).header.to


def test_answer_to_a_stranger_goes_to_its_chat_or_correlation(theatre: str, desk: Desk) -> None:
    asked = desk.chat.envelope("Issued@Issuer", {"Token": TOKEN, "Chat": CHAT})
    assert reply_address(inbox.receive(asked.to_bytes())) == CHAT
    asked = desk.chat.envelope("Issued@Issuer", {"Token": TOKEN})
    assert reply_address(inbox.receive(asked.to_bytes())) == asked.header.correlation


def test_manifest_alone_is_a_bare_mapping(theatre: str, desk: Desk) -> None:
    desk.body = {"About": {"Domain": THEATRE}}
    answer = inbox.receive(unsigned("Manifest@Domain"))
    assert answer.body["Response"] == {"About": {"Domain": THEATRE}}


@pytest.mark.parametrize(
    ("status", "text"), [(403, "Refused"), (422, "Not acceptable"), (500, "Failed")]
)
def test_refusal_of_the_handler_is_vague(broker: Peer, desk: Desk, status: int, text: str) -> None:
    desk.status, desk.body = status, {"Secret": "why"}
    assert inbox.receive(broker.message("Status@Broker")) == Answer(status, {"Error": text})


def test_handler_that_does_not_end_in_time_is_answered_later(broker: Peer, desk: Desk) -> None:
    desk.status = None
    raw = broker.message("Status@Broker")
    assert inbox.receive(raw) == Answer(504, {"Error": "No answer in time"})
    desk.status = 200
    assert inbox.receive(raw).status == 200
    message = InboxMessage.objects.get()
    assert desk.started == [str(message.pk)]
    assert desk.driven == [str(message.pk)] * 2


def test_handler_that_was_set_aside_is_answered_later_and_that_is_said_at_once(
    broker: Peer, desk: Desk
) -> None:
    desk.status, desk.may_answer = None, False
    raw = broker.message("Status@Broker")
    assert inbox.receive(raw) == Answer(503, {"Error": "Try again later"})
    desk.status, desk.may_answer = 200, True
    assert inbox.receive(raw).status == 200


def test_response_that_cannot_be_signed_is_our_fault(broker: Peer, desk: Desk) -> None:
    desk.body = {"Price": 1.5}
    assert inbox.receive(broker.message("Status@Broker")) == Answer(500, {"Error": "Failed"})
