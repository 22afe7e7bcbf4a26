"""Canonical bytes and strict JSON: what is signed, and everything that is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.canonical import BadJson, NotCanonical, canonical_bytes, parse_json

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
