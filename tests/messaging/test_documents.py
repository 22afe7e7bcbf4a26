"""The token document: every check of protocol 3.3 that needs no look-up."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from messaging.canonical import canonical_bytes
from messaging.documents import InvalidDocument, check_document, sign_document, signing_payload
from messaging.signing import PrivateKey
from messaging.syntax import format_time
from tests.messaging.parties import CHAT, THEATRE, TOKEN

KEY = PrivateKey.from_seed(bytes(range(32)))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def draft(**changes: Any) -> dict[str, Any]:
    fields = {
        "Token": TOKEN,
        "Issuer": THEATRE,
        "Schema": ".HOST/BOOKING/SELF",
        "Context": {"For": "Hamlet", "Seat": "B10"},
        "Issued": format_time(NOW),
        "Expires": format_time(NOW + 60 * MINUTE),
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def resigned(**changes: Any) -> dict[str, Any]:
    """Return a document with fields changed and the signature right again, whatever it says."""
    document = sign_document(draft(), KEY, "pw1") | changes
    document = {name: value for name, value in document.items() if value is not None}
    with contextlib.suppress(KeyError, ValueError, TypeError, AttributeError):
        document["Signature"] = KEY.sign(canonical_bytes(signing_payload(document)))
    return document


def check(document: object, **rest: Any) -> None:
    wanted: dict[str, Any] = {"issuer": THEATRE, "token": TOKEN, "now": NOW} | rest
    check_document(document, wanted.pop("key", KEY.public), wanted.pop("now"), **wanted)


def failed_check(document: object, **rest: Any) -> int:
    with pytest.raises(InvalidDocument) as caught:
        check(document, **rest)
    return caught.value.code


def test_signed_document_is_complete_and_valid() -> None:
    document = sign_document(draft(Expires=None, Context=None), KEY, "pw1")
    assert document == {
        "Token": TOKEN,
        "Issuer": THEATRE,
        "Schema": "pollyweb.org/HOST/BOOKING/SELF:1.0",
        "Context": {},
        "Issued": "2026-11-23T12:00:00.000Z",
        "Starts": "2026-11-23T12:00:00.000Z",
        "DKIM": "pw1",
        "Signature": document["Signature"],
    }
    check(document)
    check(document, issuer="Theatre.TEST", schema=".HOST/BOOKING/SELF")


def test_identity_bound_document_is_valid() -> None:
    check(sign_document(draft(Identifier="identifier.test", Biostamp=CHAT), KEY, "pw1"))


@pytest.mark.parametrize(
    "changes",
    [
        {"Token": "1"},
        {"Token": None},
        {"Issuer": "localhost"},
        {"Schema": "BOOKING"},
        {"Context": "text"},
        {"Context": {"Price": 1.5}},
        {"Context": {"é": 1}},
        {"Context": {"Text": "x" * 17000}},
        {"Issued": "today"},
        {"Issued": None},
        {"Expires": ""},
        {"Identifier": "identifier.test"},
        {"Biostamp": CHAT},
        {"Hash": "x"},
        {"Broker": "broker.test"},
        {"Algorithm": "md5"},
    ],
)
def test_malformed_document_is_neither_signed_nor_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument) as caught:
        sign_document(draft(**changes), KEY, "pw1")
    assert caught.value.code == 1
    assert failed_check(resigned(**changes)) == 1


@pytest.mark.parametrize("document", [None, [], "text", {}])
def test_what_is_no_document_is_refused(document: object) -> None:
    assert failed_check(document) == 1


@pytest.mark.parametrize("changes", [{"Signature": None}, {"Signature": 1}, {"DKIM": None}])
def test_unsigned_document_is_refused(changes: dict[str, Any]) -> None:
    document = sign_document(draft(), KEY, "pw1") | changes
    assert failed_check({name: v for name, v in document.items() if v is not None}) == 1


def test_another_token_than_the_one_expected_is_refused() -> None:
    document = sign_document(draft(), KEY, "pw1")
    assert failed_check(document, token=CHAT) == 1
    assert failed_check(document, issuer="charlie.test") == 1


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (".HOST/BOOKING/SELF:1.0", True),
        (".HOST/BOOKING/SELF:1.3", True),
        (".HOST/BOOKING/SELF:1.4", False),
        (".HOST/BOOKING/SELF:2.0", False),
        (".HOST/BOOKING", False),
    ],
)
def test_schema_fits_the_one_asked_for(asked: str, fits: bool) -> None:
    document = sign_document(draft(Schema=".HOST/BOOKING/SELF:1.3"), KEY, "pw1")
    if fits:
        check(document, schema=asked)
    else:
        assert failed_check(document, schema=asked) == 1


def test_issued_in_the_future_is_refused_beyond_the_skew() -> None:
    check(resigned(Issued=format_time(NOW + MINUTE)))
    late = format_time(NOW + MINUTE + timedelta(milliseconds=1))
    assert failed_check(resigned(Issued=late)) == 2


@pytest.mark.parametrize("length", [timedelta(), -MINUTE])
def test_expires_must_be_after_starts(length: timedelta) -> None:
    expires = format_time(NOW + length)
    assert failed_check(resigned(Expires=expires)) == 2
    with pytest.raises(InvalidDocument) as caught:
        sign_document(draft(Expires=expires), KEY, "pw1")
    assert caught.value.code == 2


def test_period_is_checked() -> None:
    document = sign_document(draft(Starts=format_time(NOW + 10 * MINUTE)), KEY, "pw1")
    assert failed_check(document) == 3
    check(document, allow_future=True)
    check(document, now=NOW + 9 * MINUTE)  # within the allowance for clocks
    check(document, now=NOW + 59 * MINUTE)
    assert failed_check(document, now=NOW + 60 * MINUTE) == 3
    assert failed_check(document, now=NOW + 60 * MINUTE, allow_future=True) == 3


def test_signature_is_checked() -> None:
    document = sign_document(draft(), KEY, "pw1")
    assert failed_check(document, key=PrivateKey.generate().public) == 6
    assert failed_check(document | {"Context": {"Seat": "A1"}}) == 6
    assert failed_check(document | {"DKIM": "pw2"}) == 6
    assert failed_check(document | {"Signature": document["Signature"] + "="}) == 6


def test_algorithm_of_the_reference_library_is_tolerated() -> None:
    document = sign_document(draft(), KEY, "pw1")
    check(document | {"Algorithm": "ed25519-sha256"})


def test_signing_again_gives_the_same_bytes() -> None:
    once = sign_document(draft(), KEY, "pw1")
    assert sign_document(once, KEY, "pw1") == once
