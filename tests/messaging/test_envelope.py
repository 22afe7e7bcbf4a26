"""The envelope: its syntax (checks 2 and 3 of protocol 2.4), bytes and proofs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging.canonical import parse_json
from messaging.envelope import Envelope, Malformed, SenderClass
from messaging.signing import PrivateKey
from tests.messaging.parties import BROKER, CORRELATION, THEATRE, WALLET, Peer

PEER = Peer(BROKER, "pw1")


def signed(**header: Any) -> dict[str, Any]:
    """Return a good envelope of a domain with some header fields changed; None leaves one out."""
    value = PEER.envelope("Offered@Issuer", {"Answer": "ACCEPTED"}).to_dict()
    value["Header"] |= header
    value["Header"] = {name: text for name, text in value["Header"].items() if text is not None}
    return value


def test_envelope_survives_the_wire() -> None:
    envelope = PEER.envelope("Offered@Issuer", {"Name": "Zoë"}, correlation=CORRELATION)
    assert Envelope.parse(parse_json(envelope.to_bytes(), max_bytes=2000)) == envelope
    assert envelope.header.correlation == CORRELATION
    assert envelope.hash_matches()
    assert envelope.verifies(PEER.key.public)
    assert not envelope.verifies(PrivateKey.generate().public)


@pytest.mark.parametrize(
    ("sender", "selector", "expected"),
    [
        (BROKER, "pw1", SenderClass.DOMAIN),
        (WALLET, "", SenderClass.WALLET),
        ("Anonymous", "", SenderClass.ANONYMOUS),
    ],
)
def test_sender_class(sender: str, selector: str, expected: SenderClass) -> None:
    envelope = Peer(sender, selector).envelope("Saved@Broker")
    assert Envelope.parse(envelope.to_dict()).header.sender_class is expected


@pytest.mark.parametrize("sender", [None, ""])
def test_missing_sender_is_anonymous_in_the_canonical_bytes(sender: str | None) -> None:
    envelope = Peer("Anonymous").envelope("Reply@Host")
    value = envelope.to_dict()
    value["Header"] = {**value["Header"], "From": sender}
    if sender is None:
        del value["Header"]["From"]
    assert Envelope.parse(value).hash_matches()


def test_missing_body_is_empty() -> None:
    value = Peer("Anonymous").envelope("Reply@Host").to_dict()
    del value["Body"]
    assert Envelope.parse(value).body == {}
    assert Envelope.parse(value).hash_matches()


def test_short_schema_is_hashed_in_its_long_form() -> None:
    assert Envelope.parse(signed(Schema=".MSG")).hash_matches()


@pytest.mark.parametrize(
    "header",
    [
        {"To": None},
        {"To": "Anonymous"},
        {"To": "localhost"},
        {"To": 1},
        {"From": "anonymous"},
        {"From": WALLET.upper()},
        {"From": {}},
        {"Subject": ""},
        {"Subject": "Offered"},
        {"Subject": "Offered@"},
        {"Subject": "Offered@Issuer\n"},
        {"Correlation": None},
        {"Correlation": CORRELATION.upper()},
        {"Correlation": CORRELATION.replace("-", "")},
        {"Timestamp": "2026-01-02T03:04:05.67Z"},
        {"Timestamp": None},
        {"Selector": None},
        {"Selector": ""},
        {"Selector": "a.b"},
        {"Schema": "nonsense"},
        {"Schema": None},
        {"Extra": "x"},
        {"From": WALLET},  # a wallet has no Selector
    ],
)
def test_malformed_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        Envelope.parse(signed(**header))
    assert caught.value.reason == "shape"


@pytest.mark.parametrize("schema", ["pollyweb.org/MSG:1.1", "pollyweb.org/MSG:2.0", ".OTHER"])
def test_other_versions_are_refused(schema: str) -> None:
    with pytest.raises(Malformed) as caught:
        Envelope.parse(signed(Schema=schema))
    assert caught.value.reason == "schema"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(Extra=1),
        lambda value: value.pop("Header"),
        lambda value: value.update(Header=[]),
        lambda value: value.update(Body="text"),
        lambda value: value.update(Body=None),
        lambda value: value.update(Body={"Price": 1.5}),
        lambda value: value.update(Body={"Text": "\ud800"}),
        lambda value: value.update(Body={"é": 1}),
        lambda value: value.update(Body={"Count": 2**53}),
        lambda value: value.pop("Hash"),
        lambda value: value.pop("Signature"),
        lambda value: (value.pop("Hash"), value.pop("Signature")),  # only Anonymous may
        lambda value: value.update(Hash=value["Hash"].upper()),
        lambda value: value.update(Hash=value["Hash"][:-1]),
        lambda value: value.update(Signature=""),
        lambda value: value.update(Signature=1),
    ],
)
def test_malformed_envelope_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    value = signed()
    change(value)
    with pytest.raises(Malformed):
        Envelope.parse(value)


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_no_map_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        Envelope.parse(value)


def test_unsigned_anonymous_is_accepted() -> None:
    value = Peer("Anonymous").envelope("Manifest@Domain").to_dict()
    del value["Hash"], value["Signature"]
    assert not Envelope.parse(value).is_signed
    assert Envelope.parse(value).to_dict() == value


def test_changed_content_does_not_match_its_hash() -> None:
    value = signed()
    value["Body"] = {"Answer": "DECLINED"}
    assert not Envelope.parse(value).hash_matches()


def test_content_hash_ignores_time_and_selector_only() -> None:
    first = PEER.envelope("Offered@Issuer", {"A": 1}, correlation=CORRELATION)
    again = Peer(BROKER, "pw2").envelope("Offered@Issuer", {"A": 1}, correlation=CORRELATION)
    other = PEER.envelope("Offered@Issuer", {"A": 2}, correlation=CORRELATION)
    assert first.content_hash() == again.content_hash()
    assert first.content_hash() != other.content_hash()


def test_build_refuses_what_a_receiver_would_refuse() -> None:
    with pytest.raises(Malformed):
        Peer("Anonymous").envelope("Offered", to=THEATRE)
    with pytest.raises(Malformed, match=r"\$\.Body\.Price"):
        Peer("Anonymous").envelope("Reply@Host", {"Price": 1.5})
