"""Messages: the reference library's verify here, ours verify there, whatever they hold."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from pollyweb import Msg, Wallet
from pollyweb._crypto import load_dkim_public_key

from messaging import clock, dns_keys, inbox, keys
from messaging.canonical import parse_json
from messaging.envelope import ANONYMOUS, Envelope
from messaging.models import InboxMessage, OutboxMessage, Refusal
from messaging.registry import Sender, subjects
from messaging.signing import PrivateKey, RsaPublicKey
from tests.flows.steps import agreed_ticket
from tests.interop.contents import BODIES, ODD
from tests.interop.reference import OURS, PAIR, their_bytes, their_key, their_message
from tests.messaging.parties import CHAT, WALLET
from tests.person import Person, response
from tests.pump import pump

THEATRE, BROKER, PEER = "theatre.test", "broker.test", "peer.test"
PRIVATE = PrivateKey.generate()
FLOW = """
Onboard@Notifier Onboard@Broker Locate@Broker Open@Notifier Opened@Broker Hello@Host Chat@Broker
Prompt@Broker Prompt@Notifier Prompted@Host Reply@Host Issue@Broker Save@Notifier Issued@Issuer
Saved@Broker Offered@Issuer
"""


def read(raw: bytes) -> Envelope:
    return Envelope.parse(parse_json(raw, max_bytes=10**6))


def ours(body: dict[str, Any], sender: str = THEATRE, subject: str = "Issue@Broker") -> Envelope:
    selector = "pw1" if "." in sender else ""
    unsigned = Envelope.build(
        sender=sender, to=BROKER, subject=subject, body=body, selector=selector, now=clock.now()
    )
    return unsigned.signed(PRIVATE)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("sender", [THEATRE, WALLET, ANONYMOUS])
def test_odd_contents_verify_on_both_sides(name: str, sender: str) -> None:
    selector = "pw1" if sender == THEATRE else ""
    theirs = their_message(sender, BROKER, "Issue@Broker", ODD[name], selector=selector)
    envelope = read(their_bytes(theirs))
    assert envelope.hash_matches()
    assert envelope.verifies(OURS)
    assert envelope.canonical() == theirs.canonical()
    mine = ours(ODD[name], sender)
    message = Msg.parse(mine.to_bytes())
    assert message.verify(their_key(PRIVATE.public))
    assert message.canonical() == mine.canonical()


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_any_legal_contents_verify_on_both_sides(body: dict[str, Any]) -> None:
    theirs = their_message(THEATRE, BROKER, "Issue@Broker", body, selector="pw1")
    envelope = read(their_bytes(theirs))
    assert envelope.hash_matches()
    assert envelope.verifies(OURS)
    assert Msg.parse(ours(body).to_bytes()).verify(their_key(PRIVATE.public))


def test_changed_message_verifies_on_neither_side() -> None:
    theirs = json.loads(their_bytes(their_message(WALLET, BROKER, "Issue@Broker", {"A": 1})))
    theirs["Body"]["A"] = 2
    assert not Envelope.parse(theirs).hash_matches()
    assert not Envelope.parse(theirs).verifies(OURS)
    mine = ours({"A": 1}).to_dict()
    mine["Body"] = {"A": 2}
    with pytest.raises(Exception, match="Hash mismatch"):
        Msg.parse(mine).verify(their_key(PRIVATE.public))


def test_wallet_of_the_library_is_one_of_ours() -> None:
    wallet = Wallet(ID=WALLET)
    message = wallet.sign(Msg(To=BROKER, Subject="Saved@Broker", Body={"Token": CHAT}))
    key = type(OURS)(wallet.PublicKey.public_bytes_raw())
    assert read(their_bytes(message)).verifies(key)


@pytest.mark.django_db(transaction=True)
def test_domain_message_of_every_subject_gets_past_the_signature(places: list[str]) -> None:
    """What the handler says of the empty body is its own matter."""
    keys.pin_key(PEER, "pw1", OURS.spki)
    served = [each.name for each in subjects().values() if Sender.DOMAIN in each.senders]
    assert len(served) >= 15
    for subject in served:
        message = their_message(PEER, THEATRE, subject, {}, selector="pw1")
        assert inbox.receive(their_bytes(message)).status in (200, 403, 422), subject
    assert set(Refusal.objects.values_list("reason", flat=True)) <= {"question"}
    kept = [name for name in served if not subjects()[name].public]
    assert InboxMessage.objects.count() == len(kept)


@pytest.mark.django_db(transaction=True)
def test_every_message_of_a_flow_verifies_in_the_library(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    response(alice.download(chat, THEATRE, token))
    alice.saved(THEATRE, token)
    pump()
    wallet_keys = {ANONYMOUS: alice.chat_keys[chat].public, alice.wallet: alice.key.public}
    seen = set()
    for message in InboxMessage.objects.all():
        envelope = Envelope.parse(message.envelope)
        header = envelope.header
        key = wallet_keys.get(header.sender) or keys.known_key(header.sender, header.selector)
        if message.subject == "Onboard@Notifier":
            key = alice.key.public
        assert key is not None
        assert Msg.parse(message.envelope).verify(their_key(key)), message.subject
        seen.add(message.subject)
    for sent in OutboxMessage.objects.exclude(envelope=""):
        key = keys.published_key(sent.sender)[1]
        assert Msg.parse(sent.envelope).verify(their_key(key), expected_to=sent.recipient)
        seen.add(sent.subject)
    assert seen >= set(FLOW.split())


@pytest.mark.django_db(transaction=True)
def test_flow_spoken_by_the_library_ends_as_ours_does(alice: Person, monkeypatch: Any) -> None:
    """The person's wallet signs with the library: every wallet and chat message is theirs."""

    def send(to: str, subject: str, body: Any, *, sender: Any = None, key: Any = None) -> Any:
        private = (key or alice.key)._signer
        message = their_message(sender or alice.wallet, to, subject, body, private=private)
        return inbox.receive(their_bytes(message))

    monkeypatch.setattr(alice, "send", send)
    chat, token = agreed_ticket(alice)
    document = response(alice.download(chat, THEATRE, token))
    assert document["Issuer"] == THEATRE
    assert alice.saved(THEATRE, token).status == 200
    pump()
    assert alice.lines(chat)[-1] == "DONE Your ticket is in your wallet. See you tonight, Alice."


@pytest.mark.django_db(transaction=True)
def test_signed_answer_is_read_by_the_library(places: list[str]) -> None:
    question = {"Domain": THEATRE, "DKIM": "pw1"}
    keys.pin_key(PEER, "pw1", OURS.spki)
    asked = their_message(PEER, THEATRE, "PublicKey@Graph", question, selector="pw1")
    answer = inbox.receive(their_bytes(asked))
    message = Msg.parse(json.loads(json.dumps(answer.body)), sync_response=True)
    assert message.verify(
        their_key(keys.published_key(THEATRE)[1]),
        expected_from=THEATRE,
        expected_to=PEER,
        expected_subject="PublicKey@Graph",
        expected_correlation=asked.Correlation,
    )
    assert message.to_dict()["Body"]["PublicKey"] == keys.published_key(THEATRE)[1].spki


def test_records_of_keys_are_read_on_both_sides() -> None:
    assert dns_keys.read_record(PAIR.dkim()) == OURS
    tags = dict(part.strip().split("=", 1) for part in dns_keys.record_value(OURS).split(";"))
    assert load_dkim_public_key(tags["k"], tags["p"]).public_bytes_raw() == OURS.raw


def test_rsa_message_of_the_library_verifies_here() -> None:
    private = generate_private_key(65537, 2048)
    message = their_message(
        THEATRE, BROKER, "Issue@Broker", ODD["escapes"], selector="pw1", private=private
    )
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(der).decode()
    key = dns_keys.read_record(f"v=DKIM1; k=rsa; p={text}")
    assert isinstance(key, RsaPublicKey)
    assert read(their_bytes(message)).verifies(key)
    assert (
        load_dkim_public_key("rsa", key.dkim).public_numbers()
        == private.public_key().public_numbers()
    )
