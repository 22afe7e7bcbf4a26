"""The tables of protocol 2.4, 2.5 and 2.9 row by row: each refusal, their order, strict forms.

Messages are made here from plain JSON, so that the envelope under test has no part in it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from messaging import clock, inbox, keys, outbox
from messaging.errors import Unsendable
from messaging.inbox import Answer
from messaging.models import InboxMessage, OutboxMessage, Refusal
from messaging.refusals import PUBLIC_TEXT
from messaging.signing import PrivateKey
from messaging.syntax import format_time
from tests.messaging.parties import (
    BROKER,
    CHAT,
    CORRELATION,
    THEATRE,
    TOKEN,
    Desk,
    Peer,
)
from tests.messaging.spellings import STRICT
from tests.pruning import prune_all

STRANGER = PrivateKey.generate()


@dataclass
class Draft:
    """A message before it is signed, and what is done to it after."""

    key: PrivateKey
    header: dict[str, Any] = field(default_factory=dict)
    body: Any = field(default_factory=lambda: {"Token": TOKEN, "Answer": "ACCEPTED"})
    late: list[Callable[[dict[str, Any]], Any]] = field(default_factory=list)
    tail: bytes = b""

    def bytes(self) -> bytes:
        payload = {"Header": self.header, "Body": self.body}
        data = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        value = payload | {
            "Hash": hashlib.sha256(data.encode()).hexdigest(),
            "Signature": self.key.sign(data.encode()),
        }
        for change in self.late:
            change(value)
        return json.dumps(value).encode() + self.tail


def draft(peer: Peer, **header: Any) -> Draft:
    """Return a good message of a domain, with some header fields changed before it is signed."""
    fields = {
        "Schema": "pollyweb.org/MSG:1.0",
        "From": peer.name,
        "To": THEATRE,
        "Subject": "Offered@Issuer",
        "Correlation": str(uuid4()),
        "Timestamp": format_time(clock.now()),
        "Selector": peer.selector,
    }
    fields |= header
    return Draft(peer.key, {name: value for name, value in fields.items() if value is not None})


def ago(seconds: float) -> str:
    return format_time(clock.now() - timedelta(seconds=seconds))


def set_header(**header: Any) -> Callable[[Draft], None]:
    return lambda draft: draft.header.update(header)


def after(change: Callable[[dict[str, Any]], Any]) -> Callable[[Draft], None]:
    return lambda draft: draft.late.append(change)


def wrong_key(draft: Draft) -> None:
    draft.key = STRANGER


def broken(draft: Draft) -> None:
    draft.tail = b"}"


# Row of 2.4, the fault, the status and the reason that is counted. In the order of the table.
ROWS: list[tuple[str, Callable[[Draft], None], int, str]] = [
    ("1 json", broken, 400, "json"),
    ("2 shape", set_header(Extra="x"), 422, "shape"),
    ("3 schema", set_header(Schema="pollyweb.org/MSG:1.1"), 422, "schema"),
    ("4 recipient", set_header(To="other.test"), 422, "recipient"),
    ("5 subject", set_header(Subject="Unheard@Of"), 422, "subject"),
    ("5 sender", set_header(Subject="Saved@Broker"), 422, "sender"),
    ("6 timestamp", lambda draft: draft.header.update(Timestamp=ago(301)), 422, "timestamp"),
    ("7 hash", after(lambda value: value.update(Hash="0" * 64)), 401, "hash"),
    ("8 key", set_header(Selector="pw9"), 401, "key"),
    ("8 signature", wrong_key, 401, "signature"),
    ("9 correlation", set_header(Correlation=CORRELATION), 422, "correlation"),
]


@pytest.fixture
def used(broker: Peer) -> Peer:
    """A peer that has used CORRELATION for something, and has no other key than pw1."""
    earlier = draft(broker, Correlation=CORRELATION)
    earlier.body = {"Token": CHAT}
    assert inbox.receive(earlier.bytes()) == Answer(200)
    return broker


def expect(raw: bytes, status: int, reason: str, kept: int = 0) -> None:
    """Hand in a message; expect it refused for this reason, counted once, and not kept."""
    assert inbox.receive(raw) == Answer(status, {"Error": PUBLIC_TEXT[status]})
    assert dict(Refusal.objects.values_list("reason", "count")) == {reason: 1}
    assert InboxMessage.objects.count() == kept


@pytest.fixture
def no_key_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's edge: DNS has no other keys."""
    monkeypatch.setattr("messaging.peer_keys.ask", lambda domain, selector: None)


@pytest.mark.usefixtures("no_key_elsewhere")
@pytest.mark.parametrize(("name", "fault", "status", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row_has_its_answer(
    used: Peer, name: str, fault: Any, status: int, reason: str
) -> None:
    message = draft(used)
    fault(message)
    expect(message.bytes(), status, reason, kept=1)


PAIRS = list(itertools.combinations(ROWS, 2))


def fit_together(first: str, second: str) -> bool:
    """Say whether a message can have both faults: not when they change the same field."""
    same = [{"5 subject", "5 sender"}, {"8 key", "8 signature"}]
    return {first, second} not in same


@pytest.mark.usefixtures("no_key_elsewhere")
@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in PAIRS if fit_together(pair[0][0], pair[1][0])],
    ids=lambda row: row[0].replace(" ", "-"),
)
def test_of_two_faults_the_earlier_row_answers(used: Peer, first: Any, second: Any) -> None:
    message = draft(used)
    for _, fault, _, _ in (second, first):
        fault(message)
    expect(message.bytes(), first[2], first[3], kept=1)


# -- row 1 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"Header":{}}',
        b'{"Header":{},"Header":{}}',
        b'{"Body":{"A":1,"A":1}}',
        b'{"Body":{"A":1,"\\u0041":1}}',
        b'{"Body":{"A":NaN}}',
        b'{"Body":{"A":-Infinity}}',
        b'{"Body":{"A":1e999}}',
        b'{"Body":{"A":01}}',
        b"{'Header':{}}",
        b'{"Header":{}} {}',
        b'{"Body":"\n"}',
        b'{"Body":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
        b'{"A":' * 5000,
    ],
    ids=range(17),
)
def test_1_what_is_no_strict_json_is_refused(theatre: str, raw: bytes) -> None:
    expect(raw, 400, "json")


# -- row 2: strict forms ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in STRICT.items() for value in values],
    ids=lambda value: None if isinstance(value, str) and len(value) < 12 else "",
)
def test_2_every_other_spelling_is_refused(broker: Peer, name: str, value: Any) -> None:
    message = draft(broker)
    message.header[name] = value
    expect(message.bytes(), 422, "shape")


@pytest.mark.parametrize(
    "missing", ["Schema", "To", "Subject", "Correlation", "Timestamp", "Selector"]
)
def test_2_missing_header_is_refused(broker: Peer, missing: str) -> None:
    message = draft(broker)
    del message.header[missing]
    expect(message.bytes(), 422, "shape")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(Meta={}),
        lambda value: value.pop("Header"),
        lambda value: value.update(Body=[]),
        lambda value: value.update(Body=None),
        lambda value: value.update(Body={"Café": 1}),
        lambda value: value.update(Body={"N": 2**53}),
        lambda value: value.update(Body={"N": -(2**53)}),
        lambda value: value.update(Body={"N": 1.0}),
        lambda value: value.update(Body={"T": "\0"}),
        lambda value: value.update(Body={"T": "\udc00"}),
        lambda value: value.update(Body={"T\0": 1}),
        lambda value: value.update(Hash=value["Hash"].upper()),
        lambda value: value.update(Hash=value["Hash"] + "0"),
        lambda value: value.update(Hash=None),
        lambda value: value.update(Signature=None),
        lambda value: value.update(Signature=""),
        lambda value: value.update(Signature=[value["Signature"]]),
        lambda value: value.pop("Hash"),
        lambda value: value.pop("Signature"),
        lambda value: (value.pop("Hash"), value.pop("Signature")),
    ],
)
def test_2_every_other_shape_is_refused(broker: Peer, change: Any) -> None:
    message = draft(broker)
    message.late.append(change)
    expect(message.bytes(), 422, "shape")


@pytest.mark.parametrize("raw", [b"1", b"null", b"[]", b'"text"', b"{}"])
def test_2_what_is_no_envelope_is_refused(theatre: str, raw: bytes) -> None:
    expect(raw, 422, "shape")


# -- rows 4 and 2.9 -----------------------------------------------------------------------------


def test_4_alias_of_an_own_name_is_accepted_and_signed_as_written(broker: Peer) -> None:
    keys.create_domain("theatre.pollyweb.org")
    for to in ("theatre.dom", "Theatre.DOM", "theatre.pollyweb.org", "THEATRE.test"):
        assert inbox.receive(draft(broker, To=to).bytes()) == Answer(200), to
    assert set(InboxMessage.objects.values_list("recipient", flat=True)) == {
        "theatre.pollyweb.org",
        THEATRE,
    }


@pytest.mark.parametrize("to", ["theatre.dom", "other.dom", "dom", TOKEN, BROKER])
def test_4_other_names_are_refused(broker: Peer, to: str) -> None:
    reason = "shape" if to == "dom" else "recipient"
    expect(draft(broker, To=to).bytes(), 422, reason)


def test_alias_is_never_stored_nor_sent(theatre: str) -> None:
    with pytest.raises(ValueError):
        keys.create_domain("x.dom")
    with pytest.raises(ValueError):
        keys.pin_key("x.dom", "pw1", STRANGER.public.spki)
    with pytest.raises(Unsendable, match="alias"):
        outbox.queue(sender=THEATRE, recipient="x.dom", subject="Hello@Host", body={}, key="1")
    assert not OutboxMessage.objects.exists()


# -- row 6 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "status"), [(298, 200), (302, 422), (-58, 200), (-63, 422)])
def test_6_window_is_300_seconds_back_and_60_ahead(broker: Peer, age: int, status: int) -> None:
    assert inbox.receive(draft(broker, Timestamp=ago(age)).bytes()).status == status


def test_6_time_without_a_fraction_is_accepted(broker: Peer) -> None:
    moment = ago(1)[:-5] + "Z"
    assert inbox.receive(draft(broker, Timestamp=moment).bytes()) == Answer(200)


# -- rows 7 and 8 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text.rstrip("="),
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: text[:40] + "\n" + text[40:],
        lambda text: text.replace("+", "-").replace("/", "_") + "!",
        lambda text: text[:-3] + chr(ord(text[-3]) + 1) + "==",
        lambda text: "A" * 88,
        lambda text: text + "AAAA",
    ],
)
def test_8_signature_has_one_spelling(broker: Peer, spell: Any) -> None:
    message = draft(broker)
    message.late.append(lambda value: value.update(Signature=spell(value["Signature"])))
    expect(message.bytes(), 401, "signature")


def test_8_signature_over_the_hash_is_refused(broker: Peer) -> None:
    message = draft(broker)
    message.late.append(
        lambda value: value.update(Signature=broker.key.sign(value["Hash"].encode()))
    )
    expect(message.bytes(), 401, "signature")


def test_8_wallet_key_does_not_speak_for_a_domain(broker: Peer, desk: Desk) -> None:
    message = draft(broker)
    message.key = desk.wallet.key
    expect(message.bytes(), 401, "signature")


def test_8_key_of_one_domain_does_not_speak_for_another(broker: Peer) -> None:
    keys.pin_key("charlie.test", "pw1", STRANGER.public.spki)
    expect(draft(broker, From="charlie.test").bytes(), 401, "signature")


# -- rows 9 and 2.5 -----------------------------------------------------------------------------


def test_9_sender_in_another_case_is_the_same_sender(broker: Peer, desk: Desk) -> None:
    raw = draft(broker, Correlation=CORRELATION).bytes()
    assert inbox.receive(raw) == Answer(200)
    other = draft(broker, Correlation=CORRELATION, From="BROKER.test")
    other.body = {"Token": CHAT}
    assert inbox.receive(other.bytes()).status == 422
    assert len(desk.started) == 1


def test_9_repeat_is_known_for_as_long_as_messages_are_kept(broker: Peer, desk: Desk) -> None:
    assert inbox.receive(draft(broker, Correlation=CORRELATION).bytes()) == Answer(200)
    InboxMessage.objects.update(state="HANDLED")
    clock.move(23 * 3600)
    prune_all()
    assert inbox.receive(draft(broker, Correlation=CORRELATION).bytes()) == Answer(200)
    assert len(desk.started) == 1


def test_9_spelling_of_the_wire_is_no_new_message(broker: Peer, desk: Desk) -> None:
    raw = draft(broker).bytes()
    spaced = json.dumps(json.loads(raw), indent=2, ensure_ascii=False).encode()
    reordered = json.dumps(dict(reversed(json.loads(raw).items()))).encode()
    assert [inbox.receive(each) for each in (raw, spaced, reordered)] == [Answer(200)] * 3
    assert len(desk.started) == 1


# -- rows 10 and 11, and 2.6 --------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 422])
def test_11_refusal_of_a_handler_is_the_answer_of_a_sync_message(
    broker: Peer, desk: Desk, status: int
) -> None:
    desk.status = status
    answer = inbox.receive(draft(broker, Subject="Status@Broker").bytes())
    assert answer == Answer(status, {"Error": PUBLIC_TEXT[status]})
    assert not Refusal.objects.exists()


@pytest.mark.parametrize(
    ("sender", "body", "to"),
    [
        (BROKER, {}, BROKER),
        ("Anonymous", {"Token": TOKEN}, CORRELATION),
        ("Anonymous", {"Token": TOKEN, "Chat": CHAT}, CHAT),
        ("Anonymous", {"Token": TOKEN, "Chat": "no id"}, CORRELATION),
    ],
)
def test_answer_is_signed_and_addressed_to_who_asked(
    broker: Peer, desk: Desk, sender: str, body: dict[str, Any], to: str
) -> None:
    subject = "Status@Broker" if sender == BROKER else "Issued@Issuer"
    peer = broker if sender == BROKER else desk.chat
    selector = {"Selector": peer.selector or None}
    message = draft(peer, Subject=subject, Correlation=CORRELATION, **selector)
    message.body = body
    answer = inbox.receive(message.bytes()).body
    assert set(answer) == {"Request", "Response", "Meta"}
    assert answer["Request"] == message.header
    assert answer["Meta"]["Code"] == 200
    header = answer["Response"]["Header"]
    assert (header["From"], header["To"]) == (THEATRE, to)
    assert (header["Subject"], header["Correlation"]) == (subject, CORRELATION)
    data = {"Header": header, "Body": answer["Response"]["Body"]}
    signed = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert keys.published_key(THEATRE)[1].verify(signed, answer["Response"]["Signature"])
