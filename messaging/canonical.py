"""Canonical bytes (RFC 8785 on the value space of protocol 2.7) and strict reading of JSON."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, NoReturn

import rfc8785

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64


class NotCanonical(ValueError):
    """A value that has no canonical bytes here; the message names its path."""


class BadJson(ValueError):
    """Bytes that are not the JSON an inbox takes."""


def canonical_bytes(value: Any) -> bytes:
    """Return the one byte form of `value` that is hashed and signed (protocol 2.7).

    Takes None, bool, str, int below 2^53, lists and maps with ASCII keys: there the reference
    library and RFC 8785 agree. Raises NotCanonical for anything else.
    """
    _check(value, "$", 0)
    return rfc8785.dumps(value)


def _check(value: Any, path: str, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(f"{path}: nested deeper than {DEEPEST}")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise NotCanonical(f"{path}: the integer is beyond 2^53-1, send it as text")
    elif isinstance(value, (list, tuple)):
        for index, entry in enumerate(value):
            _check(entry, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if not (isinstance(key, str) and key.isascii() and "\0" not in key):
                raise NotCanonical(f"{path}: the key {key!r} is not ASCII text")
            _check(entry, f"{path}.{key}", depth + 1)
    else:
        hint = ", send decimals as text" if isinstance(value, float) else ""
        raise NotCanonical(f"{path}: {type(value).__name__} cannot be signed{hint}")


def _check_text(value: str, path: str) -> None:
    if "\0" in value:
        # Both sources could sign it, but PostgreSQL cannot store it in text or jsonb.
        raise NotCanonical(f"{path}: the text holds U+0000")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise NotCanonical(f"{path}: the text holds half a surrogate pair")


def parse_json(raw: bytes, *, max_bytes: int, max_depth: int = 32) -> Any:
    """Return what the JSON text `raw` says (protocol 2.4 check 1).

    Raises BadJson for more than `max_bytes`, bytes that are not UTF-8, a duplicate key, NaN,
    Infinity or a number that overflows to it, and nesting deeper than `max_depth`.
    """
    if len(raw) > max_bytes:
        raise BadJson(f"more than {max_bytes} bytes")
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise BadJson(f"nested deeper than {max_depth}") from None
    except BadJson:
        raise
    except ValueError as error:
        raise BadJson(str(error)) from None
    _check_depth(value, max_depth)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a key is given twice")
    return value


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJson("a number is too large")
    return value


def _check_depth(value: Any, left: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    if left == 0:
        raise BadJson("nested too deeply")
    for entry in value.values() if isinstance(value, dict) else value:
        _check_depth(entry, left - 1)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
