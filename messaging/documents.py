"""The token document: what is signed, signing it once, and checking one (protocol 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from messaging.canonical import NotCanonical, canonical_bytes
from messaging.signing import ED25519, RSA, PublicKey, SigningKey
from messaging.syntax import (
    is_own_name,
    is_schema,
    is_selector,
    is_time,
    is_uuid,
    normalise_schema,
    parse_time,
)

LARGEST_DOCUMENT = 16 * 1024
SKEW = timedelta(seconds=60)
# Informational and not signed; the key decides.
ALGORITHMS = (f"{ED25519}-sha256", f"{RSA}-sha256")
_ALWAYS = ("Token", "Issuer", "Schema", "Issued", "Starts")
_IF_SET = ("Expires", "Identifier", "Biostamp", "DKIM")
_KNOWN = frozenset({*_ALWAYS, *_IF_SET, "Context", "Signature", "Algorithm"})
_SYNTAX = {
    "Token": is_uuid,
    "Issuer": is_own_name,
    "Schema": is_schema,
    "Issued": is_time,
    "Starts": is_time,
    "Expires": is_time,
    "Identifier": is_own_name,
    "Biostamp": is_uuid,
    "DKIM": is_selector,
}


class InvalidDocument(ValueError):
    """A token that must not be believed; `code` is the check of protocol 3.3 that failed."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def signing_payload(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a document's signature covers (protocol 3.2): never Signature or Algorithm."""
    payload: dict[str, Any] = {name: document[name] for name in _ALWAYS}
    payload["Schema"] = normalise_schema(document["Schema"])
    payload["Context"] = document.get("Context", {})
    return payload | {name: document[name] for name in _IF_SET if document.get(name)}


def sign_document(document: Mapping[str, Any], key: SigningKey, selector: str) -> dict[str, Any]:
    """Return the complete document: long Schema, DKIM and Signature added.

    Starts defaults to Issued and Context to `{}`. Raises InvalidDocument for one that no wallet
    would take, so that it cannot be offered.
    """
    fields = dict(document)
    fields.setdefault("Context", {})
    fields.setdefault("Starts", fields.get("Issued"))
    fields["DKIM"] = selector
    fields.pop("Signature", None)
    _check_structure(fields)
    _check_order(fields)
    payload = signing_payload(fields)
    signed = payload | {"Signature": key.sign(_canonical(payload))}
    _check_size(signed)
    return signed


def check_document(
    document: object,
    key: PublicKey,
    now: datetime,
    *,
    issuer: str,
    token: str,
    schema: str | None = None,
    allow_future: bool = False,
) -> None:
    """Check a document that should be `token` of `issuer` (protocol 3.3, checks 1, 2, 3 and 6).

    `key` is the issuer's under the document's DKIM, `schema` the code that was asked for (its
    minor version or a later one will do). `allow_future` lets a token pass that starts later: a
    wallet may keep it, nobody may use it yet. Raises InvalidDocument.
    """
    if not isinstance(document, dict):
        raise InvalidDocument(1, "a document is a map")
    _check_structure(document)
    _check_size(document)
    if not isinstance(document.get("Signature"), str) or "DKIM" not in document:
        raise InvalidDocument(1, "the document is not signed")
    if document["Token"] != token or document["Issuer"].lower() != issuer.lower():
        raise InvalidDocument(1, "this is another token than the one expected")
    if schema is not None and not _satisfies(document["Schema"], schema):
        raise InvalidDocument(1, "this token has another schema than the one asked for")
    if parse_time(document["Issued"]) > now + SKEW:
        raise InvalidDocument(2, "the token is issued in the future")
    _check_order(document)
    _check_period(document, now, allow_future=allow_future)
    if not key.verify(_canonical(signing_payload(document)), document["Signature"]):
        raise InvalidDocument(6, "the signature is wrong")


def _check_structure(document: dict[str, Any]) -> None:
    for name in document.keys() - _KNOWN:
        raise InvalidDocument(1, f"unknown field {name!r}")
    for name in _ALWAYS:
        if name not in document:
            raise InvalidDocument(1, f"{name} is missing")
    for name, is_valid in _SYNTAX.items():
        if name in document and not is_valid(document[name]):
            raise InvalidDocument(1, f"{name} is malformed")
    if not isinstance(document.get("Context", {}), dict):
        raise InvalidDocument(1, "Context is not a map")
    if ("Identifier" in document) != ("Biostamp" in document):
        raise InvalidDocument(1, "Identifier and Biostamp come together")
    if document.get("Algorithm", ALGORITHMS[0]) not in ALGORITHMS:
        raise InvalidDocument(1, "the algorithm is not supported")


def _check_size(document: dict[str, Any]) -> None:
    if len(_canonical(document)) > LARGEST_DOCUMENT:
        raise InvalidDocument(1, f"the document is larger than {LARGEST_DOCUMENT} bytes")


def _check_order(document: dict[str, Any]) -> None:
    if "Expires" in document and parse_time(document["Expires"]) <= parse_time(document["Starts"]):
        raise InvalidDocument(2, "Expires is not after Starts")


def _check_period(document: dict[str, Any], now: datetime, *, allow_future: bool) -> None:
    # Starts is most often the moment of issuing, so it gets the same allowance for clocks.
    if parse_time(document["Starts"]) > now + SKEW and not allow_future:
        raise InvalidDocument(3, "the token is not valid yet")
    if "Expires" in document and parse_time(document["Expires"]) <= now:
        raise InvalidDocument(3, "the token has expired")


def _satisfies(code: str, wanted: str) -> bool:
    """Say whether a schema will do for the one asked for: same path and major, minor not below."""
    path, _, version = normalise_schema(code).rpartition(":")
    wanted_path, _, wanted_version = normalise_schema(wanted).rpartition(":")
    major, minor = (int(number) for number in version.split("."))
    wanted_major, wanted_minor = (int(number) for number in wanted_version.split("."))
    return path == wanted_path and major == wanted_major and minor >= wanted_minor


def _canonical(value: dict[str, Any]) -> bytes:
    try:
        return canonical_bytes(value)
    except NotCanonical as error:
        raise InvalidDocument(1, str(error)) from None
