"""Hashes, signatures and schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from messaging.canonical import canonical_bytes, sha256_hex
from messaging.signing import PrivateKey
from tests.scripts.functions.check import check, refuse

DATA = {"Book": "Maps", "Pages": 120}
KEY = PrivateKey.from_seed(bytes(32))
GIVEN: dict[str, Any] = {
    "data": DATA,
    "other": {**DATA, "Pages": 121},
    "hash": sha256_hex(canonical_bytes(DATA)),
    "sig": KEY.sign(canonical_bytes(DATA)),
    "key": KEY.public.spki,
    "schema": {
        "type": "object",
        "required": ["Book", "Pages"],
        "additionalProperties": "False",
        "properties": {
            "Book": {"type": "string", "pattern": "^M[a-z]+$", "maxLength": "4"},
            "Pages": {"type": "integer", "minimum": "1", "maximum": 120},
        },
    },
    "price": {"Price": Decimal("0.1")},
    "float": {"Price": 0.1},
    "step": {"properties": {"Price": {"multipleOf": "0.1", "exclusiveMinimum": "0"}}},
    "heir": {"$defs": {"Named": {"required": ["Book"]}}, "Inherits": "Named"},
    "remote": {"$ref": "https://library.test/schema"},
    "loop": {"$ref": "#"},
    "bad": {"type": "nonsense"},
    "twins": {"uniqueItems": "True"},
    "rows": [{"A": 1}, {"A": 2}],
    "same": [{"A": 1}, {"A": 1}],
    "many": [{"A": number} for number in range(10_000)],
    "doubling": {
        "$defs": {
            f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} if n < 30 else {}
            for n in range(31)
        },
        "$ref": "#/$defs/d0",
    },
    "slow": {"properties": {"Book": {"pattern": "^(a+)+$"}}},
    "aaa": {"Book": "a" * 5000 + "!"},
    "back": {"properties": {"Book": {"pattern": "(a)\\1"}}},
}
ROWS: list[tuple[str, Any]] = [
    ("$hash.Hashes($data)", True),
    ("$hash.Hashes($other)", False),
    ("$t.Hashes($data)", False),
    ("$e.Hashes($data)", False),
    ("$sig.Signs({Data: $data, PublicKey: $key})", True),
    ("$sig.Signs({Data: $other, PublicKey: $key})", False),
    ("$t.Signs({Data: $data, PublicKey: $key})", False),
    ("$e.Signs({Data: $data, PublicKey: $key})", False),
    ("$data.Conforms($schema)", True),
    ("$other.Conforms($schema)", False),
    ("$m.Conforms($schema)", False),
    ("$e.Conforms($schema)", False),
    ("$price.Conforms($step)", True),
    ("$data.Conforms($heir)", True),
    ("$m.Conforms($heir)", False),
    ("$aaa.Conforms($slow)", False),
    ("$rows.Conforms($twins)", True),
    ("$same.Conforms($twins)", False),
    ("$many.Conforms($twins)", True),
]
REFUSALS: list[tuple[str, str]] = [
    ("$n.Hashes($data)", ".Hashes asks of the text of a hash, not a number"),
    (
        "$hash.Hashes($float)",
        ".Hashes: $.Price: float cannot be signed, send decimals as text",
    ),
    (
        "$n.Signs({Data: $data, PublicKey: $key})",
        ".Signs asks of the text of a signature, not a number",
    ),
    ("$sig.Signs($data)", ".Signs takes {Data: ..., PublicKey: ...}"),
    (
        "$sig.Signs({Data: $data, PublicKey: x})",
        ".Signs: the PublicKey is not an Ed25519 key",
    ),
    ("$data.Conforms(x)", ".Conforms takes a schema definition, a map, not text"),
    ("$data.Conforms($remote)", ".Conforms: no definition of 'https://library.test/schema'"),
    ("$data.Conforms($loop)", ".Conforms: the schema refers to itself"),
    ("$data.Conforms($doubling)", ".Conforms follows at most 10000 references"),
    (
        "$data.Conforms($bad)",
        ".Conforms: type: 'nonsense' is not valid under any of the given schemas",
    ),
    (
        "$data.Conforms($back)",
        "the pattern '(?s).*(?:(a)\\\\1).*' cannot be used: invalid escape sequence: \\1",
    ),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_function(expression: str, expected: Any) -> None:
    check(expression, expected, **GIVEN)


@pytest.mark.parametrize(("expression", "message"), REFUSALS)
def test_function_refuses(expression: str, message: str) -> None:
    refuse(expression, message, **GIVEN)
