"""Each row of protocol 2.4: its status, its reason, and that nothing else is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from messaging import clock, inbox, keys
from messaging.canonical import canonical_bytes
from messaging.inbox import Answer
from messaging.models import InboxMessage, Refusal
from messaging.registry import registry
from messaging.syntax import format_time
from tests.messaging.dns_server import dns_server
from tests.messaging.parties import BROKER, CHAT, CORRELATION, THEATRE, TOKEN, WALLET, Desk, Peer
from tests.pruning import prune_all

ANSWER = {"Token": TOKEN, "Answer": "ACCEPTED"}


def refusals() -> dict[str, int]:
    return dict(Refusal.objects.values_list("reason", "count"))


def refused(raw: bytes, status: int, reason: str) -> None:
    """Hand in a message and expect it refused, counted, and nothing of it kept."""
    texts = {400: "Malformed", 401: "Not authenticated", 403: "Refused", 422: "Not acceptable"}
    assert inbox.receive(raw) == Answer(status, {"Error": texts[status]})
    assert refusals() == {reason: 1}
    assert not InboxMessage.objects.exists()


def changed(raw: bytes, **header: Any) -> bytes:
    value = json.loads(raw)
    value["Header"] |= header
    return canonical_bytes(value)


# -- accepted -----------------------------------------------------------------------------------


def test_domain_message_is_stored_and_started(broker: Peer, desk: Desk) -> None:
    envelope = broker.envelope("Offered@Issuer", ANSWER)
    assert inbox.receive(envelope.to_bytes()) == Answer(200, {})
    message = InboxMessage.objects.get()
    assert desk.started == [str(message.pk)]
    assert desk.driven == []
    assert message.repeat_key == f"{BROKER} {envelope.header.correlation}"
    assert (message.sender, message.recipient) == (BROKER, THEATRE)
    assert (message.subject, message.mode) == ("Offered@Issuer", "ASYNC")
    assert (message.hash, message.content_hash) == (envelope.hash, envelope.content_hash())
    assert message.envelope == envelope.to_dict()
    assert message.sender_key == broker.key.public.fingerprint
    assert (message.state, message.reason, message.response_status) == ("RECEIVED", "", None)
    assert format_time(message.timestamp) == envelope.header.timestamp
    assert refusals() == {}


def test_spelling_of_names_does_not_matter(broker: Peer, desk: Desk) -> None:
    broker.name = "Broker.Test"
    raw = broker.message("Offered@Issuer", ANSWER, to="THEATRE.test")
    assert inbox.receive(raw).status == 200
    message = InboxMessage.objects.get()
    assert (message.sender, message.recipient) == (BROKER, THEATRE)


def test_alias_of_an_own_name_is_accepted(theatre: str, desk: Desk) -> None:
    keys.create_domain("theatre.pollyweb.org")
    raw = desk.wallet.message("Saved@Broker", to="theatre.dom")
    assert inbox.receive(raw).status == 200
    assert InboxMessage.objects.get().recipient == "theatre.pollyweb.org"


def test_wallet_message_is_verified_with_its_registered_key(theatre: str, desk: Desk) -> None:
    assert inbox.receive(desk.wallet.message("Saved@Broker")).status == 200
    message = InboxMessage.objects.get()
    assert (message.sender, message.sender_key) == (WALLET, desk.wallet.key.public.fingerprint)


def test_chat_message_is_verified_with_the_chat_key(theatre: str, desk: Desk) -> None:
    envelope = desk.chat.envelope("Reply@Host", {"Token": TOKEN})
    assert inbox.receive(envelope.to_bytes()).status == 200
    message = InboxMessage.objects.get()
    correlation = envelope.header.correlation
    assert message.repeat_key == (f"Anonymous {THEATRE} Reply@Host {correlation} {envelope.hash}")


def test_offered_key_proves_itself(theatre: str, desk: Desk) -> None:
    body = {"PublicKey": desk.chat.key.public.spki}
    assert inbox.receive(desk.chat.message("Onboard@Notifier", body)).status == 200
    assert InboxMessage.objects.get().sender_key == desk.chat.key.public.fingerprint


def unsigned(subject: str, **header: Any) -> bytes:
    value = Peer("Anonymous").envelope(subject).to_dict()
    del value["Hash"], value["Signature"]
    value["Header"] |= header
    return canonical_bytes(value)


def test_unsigned_message_is_answered_where_anybody_may_ask(theatre: str, desk: Desk) -> None:
    assert inbox.receive(unsigned("PublicKey@Graph")).status == 200
    assert desk.answered == ["PublicKey@Graph"]
    assert not InboxMessage.objects.exists()


def test_times_at_the_edge_of_the_window_are_accepted(broker: Peer) -> None:
    for seconds in (-295, 55):
        now = clock.now() + timedelta(seconds=seconds)
        assert inbox.receive(broker.message("Offered@Issuer", now=now)).status == 200


# -- refused, in the order of 2.4 ---------------------------------------------------------------


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"{", b'{"A":1,"A":1}', b"[NaN]", b"[" * 50 + b"]" * 50]
)
def test_1_bad_json_is_refused(theatre: str, raw: bytes) -> None:
    refused(raw, 400, "json")


def test_1_large_message_is_refused(broker: Peer, settings: Any) -> None:
    raw = broker.message("Offered@Issuer", ANSWER)
    settings.MESSAGE_MAX_BYTES = len(raw) - 1
    refused(raw, 400, "json")


@pytest.mark.parametrize(
    "header", [{"Extra": "x"}, {"Correlation": "1"}, {"From": "x"}, {"Selector": "a.b"}]
)
def test_2_malformed_envelope_is_refused(broker: Peer, header: dict[str, Any]) -> None:
    refused(changed(broker.message("Offered@Issuer"), **header), 422, "shape")


def test_2_body_that_cannot_be_signed_is_refused(broker: Peer) -> None:
    value = json.loads(broker.message("Offered@Issuer"))
    for body in ({"Price": 1.5}, {"Text": "\ud800"}, {"Text": "\0"}, {"N": 2**60}):
        Refusal.objects.all().delete()
        refused(json.dumps({**value, "Body": body}).encode(), 422, "shape")


def test_3_other_version_is_refused(broker: Peer) -> None:
    raw = changed(broker.message("Offered@Issuer"), Schema="pollyweb.org/MSG:2.0")
    refused(raw, 422, "schema")


@pytest.mark.parametrize("to", ["other.test", "theatre.dom", CHAT])
def test_4_other_recipient_is_refused(broker: Peer, to: str) -> None:
    refused(broker.message("Offered@Issuer", to=to), 422, "recipient")


def test_5_unknown_subject_is_refused(broker: Peer) -> None:
    refused(broker.message("Unheard@Of"), 422, "subject")


@pytest.mark.parametrize("subject", ["Saved@Broker", "Issued@Issuer", "PublicKey@Graph"])
def test_5_sender_of_the_wrong_class_is_refused(broker: Peer, subject: str) -> None:
    refused(broker.message(subject), 422, "sender")


@pytest.mark.parametrize("subject", ["Reply@Host", "Onboard@Notifier", "Offered@Issuer"])
def test_5_unsigned_message_is_refused_elsewhere(theatre: str, subject: str) -> None:
    refused(unsigned(subject), 422, "sender")


def test_5_signed_stranger_is_refused_where_only_unsigned_may_ask(theatre: str) -> None:
    refused(Peer("Anonymous").message("PublicKey@Graph"), 422, "sender")


@pytest.mark.parametrize("seconds", [-301, 65])
def test_6_message_outside_the_window_is_refused(broker: Peer, seconds: int) -> None:
    now = clock.now() + timedelta(seconds=seconds)
    refused(broker.message("Offered@Issuer", now=now), 422, "timestamp")


def test_6_unsigned_message_is_dated_too(theatre: str) -> None:
    old = format_time(clock.now() - timedelta(hours=1))
    refused(unsigned("PublicKey@Graph", Timestamp=old), 422, "timestamp")


def test_7_changed_content_is_refused(broker: Peer) -> None:
    refused(changed(broker.message("Offered@Issuer"), Correlation=CORRELATION), 401, "hash")


def test_8_signature_of_another_key_is_refused(broker: Peer) -> None:
    stranger = Peer(BROKER, "pw1")
    refused(stranger.message("Offered@Issuer", ANSWER), 401, "signature")


def test_8_other_spelling_of_the_signature_is_refused(broker: Peer) -> None:
    value = json.loads(broker.message("Offered@Issuer"))
    value["Signature"] += "\n"
    refused(canonical_bytes(value), 401, "signature")


def test_8_unknown_wallet_is_refused(theatre: str, desk: Desk) -> None:
    refused(Peer(CHAT).message("Saved@Broker"), 401, "key")


def test_8_wrong_wallet_key_is_refused(theatre: str) -> None:
    refused(Peer(WALLET).message("Saved@Broker"), 401, "signature")


def test_8_unknown_chat_is_refused_on_async_subjects(theatre: str, desk: Desk) -> None:
    refused(desk.chat.message("Reply@Host", {"Token": CHAT}), 401, "key")


def test_8_key_function_that_trips_over_the_body_finds_no_key(theatre: str, desk: Desk) -> None:
    def trip(envelope: Any) -> Any:
        raise ValueError("not a UUID")

    desk.chat_key = trip  # type: ignore[method-assign]
    registry.subjects = desk.subjects
    refused(desk.chat.message("Reply@Host", {"Token": {}}), 401, "key")


@pytest.mark.parametrize("offered", [None, 1, "no key"])
def test_8_bad_offered_key_is_refused(theatre: str, desk: Desk, offered: Any) -> None:
    refused(desk.chat.message("Onboard@Notifier", {"PublicKey": offered}), 401, "key")


def test_8_offered_key_of_somebody_else_is_refused(theatre: str, desk: Desk) -> None:
    body = {"PublicKey": desk.wallet.key.public.spki}
    refused(desk.chat.message("Onboard@Notifier", body), 401, "signature")


def test_8_unknown_domain_is_refused_by_dns(theatre: str, settings: Any) -> None:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        refused(Peer("charlie.test", "pw1").message("Offered@Issuer"), 401, "key")


def test_8_sender_may_try_again_when_dns_is_down(theatre: str, settings: Any) -> None:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        zone.rcode = zone.rcode.SERVFAIL
        answer = inbox.receive(Peer("charlie.test", "pw1").message("Offered@Issuer"))
    assert answer == Answer(503, {"Error": "Try again later"})
    assert refusals() == {"key_unavailable": 1}
    assert not InboxMessage.objects.exists()


def test_unknown_id_wrong_key_and_refusal_look_alike(theatre: str, desk: Desk) -> None:
    unknown_id = inbox.receive(desk.chat.message("Issued@Issuer", {"Token": CHAT}))
    no_id = inbox.receive(desk.chat.message("Issued@Issuer"))
    wrong_key = inbox.receive(Peer("Anonymous").message("Issued@Issuer", {"Token": TOKEN}))
    assert not InboxMessage.objects.exists()
    desk.status = 403
    wrong_state = inbox.receive(desk.chat.message("Issued@Issuer", {"Token": TOKEN}))
    assert unknown_id == no_id == wrong_key == wrong_state == Answer(403, {"Error": "Refused"})


def test_refusals_are_counted_by_day_and_reason(broker: Peer) -> None:
    for _ in range(3):
        inbox.receive(b"{")
    inbox.receive(broker.message("Unheard@Of"))
    clock.move(86400)
    inbox.receive(b"{")
    counted = Refusal.objects.order_by("day", "reason").values_list("reason", "count")
    assert list(counted) == [("json", 3), ("subject", 1), ("json", 1)]


# -- keeping ------------------------------------------------------------------------------------


def test_ended_messages_are_pruned_when_old(broker: Peer, settings: Any) -> None:
    settings.INBOX_KEEP_HOURS = 168
    for state in ("HANDLED", "DISCARDED", "RECEIVED"):
        inbox.receive(broker.message("Offered@Issuer", {"State": state}))
        InboxMessage.objects.filter(state="RECEIVED").update(state=state)
    clock.move(167 * 3600)
    assert not prune_all()
    clock.move(2 * 3600)
    assert prune_all() == {"messaging.InboxMessage 0": 2}
    full = InboxMessage.objects.exclude(envelope={})
    assert [message.state for message in full] == ["RECEIVED"]
    assert InboxMessage.objects.count() == 3
    clock.move(90 * 24 * 3600)
    prune_all()
    assert [message.state for message in InboxMessage.objects.all()] == ["RECEIVED"]


def test_handler_that_cannot_start_stores_nothing(
    broker: Peer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: InboxMessage) -> None:
        raise LookupError("no such script")

    monkeypatch.setattr(registry, "start", fail)
    raw = broker.message("Offered@Issuer")
    with pytest.raises(LookupError):
        inbox.receive(raw)
    assert not InboxMessage.objects.exists()
    monkeypatch.setattr(registry, "start", desk.start)
    assert inbox.receive(raw).status == 200
