"""Canonical bytes and strict JSON: what is signed, and everything that is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from messaging.canonical import (
    BadJson,
    NotCanonical,
    canonical_bytes,
    canonical_vetted,
    parse_json,
    parse_signable,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
KEYS = st.text(st.characters(max_codepoint=127, exclude_characters="\0"), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_bytes_equal_the_reference_library(value: object) -> None:
    reference = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_bytes(value) == reference.encode()


def test_escapes_are_those_of_the_protocol() -> None:
    value = '"\\\n\r\t\b\f\x01\x1f/\x7f\u2028é'
    assert canonical_bytes(value) == ('"\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f/\x7f\u2028é"'.encode())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"A": {"B": [1, 1.5]}}, "$.A.B[1]: float cannot be signed, send decimals as text"),
        ({"A": Decimal("1")}, "$.A: Decimal cannot be signed"),
        ({"A": 2**53}, "$.A: the integer is beyond 2^53-1, send it as text"),
        ({"A": -(2**53)}, "$.A: the integer is beyond 2^53-1, send it as text"),
        ({"A": "\ud800"}, "$.A: the text holds half a surrogate pair"),
        ({"A": "\0"}, "$.A: the text holds U+0000"),
        ({"é": 1}, "$: the key 'é' is not ASCII text"),
        ({1: 1}, "$: the key 1 is not ASCII text"),
        (float("nan"), "$: float cannot be signed, send decimals as text"),
        (b"x", "$: bytes cannot be signed"),
    ],
)
def test_value_outside_the_value_space_is_refused_by_path(value: object, message: str) -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical_bytes(value)
    assert str(caught.value) == message


def test_bottomless_value_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


def parse(raw: bytes) -> object:
    return parse_json(raw, max_bytes=1000)


def test_good_json_is_read() -> None:
    raw = b'{"A": [1, true, null, "\\u00e9", 1.5], "B": {}}'
    assert parse(raw) == {"A": [1, True, None, "é", 1.5], "B": {}}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'"\xed\xa0\x80"',
        b'{"A": 1, "A": 1}',
        b'{"A": {"B": 1, "B": 2}}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e400",
        b"{'A': 1}",
        b"1" * 5000,
    ],
)
def test_bad_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadJson):
        parse_json(raw, max_bytes=10000)


def test_json_above_the_size_limit_is_refused() -> None:
    assert parse_json(b"[1]", max_bytes=3) == [1]
    with pytest.raises(BadJson):
        parse_json(b"[1] ", max_bytes=3)


@pytest.mark.parametrize("opening", [b"[", b'{"A":'])
def test_json_nested_too_deeply_is_refused(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    assert parse(opening * 32 + b"1" + closing * 32)
    with pytest.raises(BadJson):
        parse(opening * 33 + b"1" + closing * 33)
    with pytest.raises(BadJson):
        parse_json(opening * 100_000, max_bytes=10**6)


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    data = canonical_bytes(value)
    assert data == rfc8785.dumps(value)
    for wire in (data, json.dumps(value).encode(), json.dumps(value, indent=1).encode()):
        assert canonical_vetted(parse_signable(wire, max_bytes=10**6)) == data


ANYTHING = st.recursive(
    st.none()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\0", "\ud800", "1.5", '":1.5', ",1234567890123456789", "[1e5"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(ANYTHING, st.booleans())
def test_what_is_read_for_signing_is_what_may_be_signed(value: object, escaped: bool) -> None:
    """The quick look at the bytes accepts and refuses what the look at every value does."""
    wire = json.dumps(value, ensure_ascii=escaped).encode("utf-8", errors="replace")
    try:
        slow = canonical_bytes(parse_json(wire, max_bytes=10**6))
    except (BadJson, NotCanonical) as fault:
        with pytest.raises((BadJson, NotCanonical)) as caught:
            canonical_vetted(parse_signable(wire, max_bytes=10**6))
        assert caught.type is type(fault)
    else:
        assert canonical_vetted(parse_signable(wire, max_bytes=10**6)) == slow


def test_deep_json_is_refused_at_the_same_depth_by_both_readers() -> None:
    for depth, good in ((32, True), (33, False)):
        wire = b"[" * depth + b"]" * depth
        for read in (parse_json, parse_signable):
            if good:
                assert read(wire, max_bytes=1000)
            else:
                with pytest.raises(BadJson):
                    read(wire, max_bytes=1000)


@pytest.mark.parametrize("key", ["é", "\\u00e9", "e\\u0301", "\\ud83d\\ude00"])
def test_key_that_is_not_ascii_is_found_however_it_is_spelt(key: str) -> None:
    raw = f'{{"A": {{"{key}": 1}}}}'.encode()
    with pytest.raises(NotCanonical, match="not ASCII"):
        parse_signable(raw, max_bytes=1000)


def test_key_given_twice_is_found_however_it_is_spelt() -> None:
    for raw in (b'{"A": 1, "A": 2}', b'{"A": 1, "\\u0041": 2}', '{"A": "é", "A": 2}'.encode()):
        with pytest.raises(BadJson, match="twice"):
            parse_signable(raw, max_bytes=1000)
