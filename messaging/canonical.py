"""Canonical bytes (RFC 8785 on the value space of protocol 2.7) and strict reading of JSON."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, NoReturn

import orjson

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64
# Turns every digit into 0 and everything else into a blank, to find long numbers at once.
_DIGITS = bytes(ord("0") if chr(code).isdigit() and code < 128 else 32 for code in range(256))
_SIXTEEN_DIGITS = b"0" * 16  # fewer are below 2^53


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
    return _written(value)


def canonical_vetted(value: Any) -> bytes:
    """Do what canonical_bytes does, at a tenth of its cost, for what parse_signable returned.

    Raises NotCanonical for half a surrogate pair, which is the one thing left to find.
    """
    try:
        return _written(value)
    except orjson.JSONEncodeError:
        raise NotCanonical("$: a text holds half a surrogate pair") from None


def _written(value: Any) -> bytes:
    """Write what this module accepts as RFC 8785 wants it.

    There orjson agrees with it, at a fiftieth of the cost of a library made for it; tests compare
    the two.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


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
    return _decoded(_DECODER, raw, max_depth)


def parse_signable(raw: bytes, *, max_bytes: int, max_depth: int = 32) -> Any:
    """Do what parse_json does, and refuse what canonical_bytes does; for canonical_vetted.

    Of most messages the bytes alone show that no number and no key can be out of bounds; only the
    others are gone through value by value. Raises BadJson, NotCanonical.
    """
    if len(raw) > max_bytes:
        raise BadJson(f"more than {max_bytes} bytes")
    escapes = b"\\" in raw  # found much sooner than the next
    no_zero = not escapes or b"\\u0000" not in raw
    if no_zero and _SIXTEEN_DIGITS not in raw.translate(_DIGITS):
        ascii_only = raw.isascii() and not escapes
        try:
            return _decoded(_ASCII_DECODER if ascii_only else _STRICT_DECODER, raw, max_depth)
        except NotCanonical:
            pass  # what is no JSON at all must be said first
    value = _decoded(_DECODER, raw, max_depth)
    _check(value, "$", 0)
    return value


def _decoded(decoder: json.JSONDecoder, raw: bytes, max_depth: int) -> Any:
    try:
        value = decoder.decode(raw.decode("utf-8"))
    except RecursionError:
        raise BadJson(f"nested deeper than {max_depth}") from None
    except (BadJson, NotCanonical):
        raise
    except ValueError as error:
        raise BadJson(str(error)) from None
    if raw.count(b"[") + raw.count(b"{") > max_depth:
        _check_depth(value, max_depth)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a key is given twice")
    return value


def _unique_ascii(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = _unique(pairs)
    names = "".join(value)
    if not names.isascii() or "\0" in names:
        raise NotCanonical("a key is not ASCII text")
    return value


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJson("a number is too large")
    return value


def _no_decimal(text: str) -> NoReturn:
    raise NotCanonical("a decimal cannot be signed, send it as text")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
)
_STRICT_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_ascii, parse_constant=_no_constant, parse_float=_no_decimal
)
_ASCII_DECODER = json.JSONDecoder(  # for bytes that can spell no other key
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_no_decimal
)


def _check_depth(value: Any, deepest: int) -> None:
    """Go down level by level, only into what can be deeper."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(deepest):
        if not level:
            return
        level = [
            entry
            for container in level
            for entry in (container.values() if type(container) is dict else container)
            if type(entry) is list or type(entry) is dict
        ]
    if level:
        raise BadJson("nested too deeply")


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
