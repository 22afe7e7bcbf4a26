"""The envelope every message travels in: header, body, hash and signature (protocol 2)."""

from __future__ import annotations

import enum
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from messaging.canonical import (
    NotCanonical,
    canonical_bytes,
    canonical_vetted,
    parse_signable,
    sha256_hex,
)
from messaging.ids import uuid4
from messaging.signing import PublicKey, SigningKey
from messaging.syntax import (
    format_time,
    is_domain,
    is_own_name,
    is_schema,
    is_selector,
    is_time,
    is_uuid,
    normalise_schema,
)

SCHEMA = "pollyweb.org/MSG:1.0"
ANONYMOUS = "Anonymous"
_SUBJECT = re.compile("[A-Za-z][A-Za-z0-9]{0,49}@[A-Za-z][A-Za-z0-9]{0,49}")
_HASH = re.compile("[0-9a-f]{64}")
_PARTS = frozenset({"Header", "Body", "Hash", "Signature"})
_REQUIRED = frozenset({"Schema", "To", "Subject", "Correlation", "Timestamp"})
_HEADERS = _REQUIRED | {"From", "Selector"}
_LONGEST_SIGNATURE = 2000


class Malformed(ValueError):
    """A value that is not an envelope; `reason` is "shape" or "schema" (checks 2 and 3)."""

    def __init__(self, message: str, reason: str = "shape") -> None:
        super().__init__(message)
        self.reason = reason


class SenderClass(enum.Enum):
    """The three kinds of From (protocol 2.3)."""

    DOMAIN = "DOMAIN"
    WALLET = "WALLET"
    ANONYMOUS = "ANONYMOUS"


@dataclass(frozen=True)
class Header:
    """Who says what to whom, and when. `selector` is empty unless a domain signs."""

    sender: str
    to: str
    subject: str
    correlation: str
    timestamp: str
    selector: str = ""
    schema: str = SCHEMA

    @cached_property
    def sender_class(self) -> SenderClass:
        if self.sender == ANONYMOUS:
            return SenderClass.ANONYMOUS
        return SenderClass.WALLET if is_uuid(self.sender) else SenderClass.DOMAIN

    def to_dict(self) -> dict[str, str]:
        """Return the header as it is signed and sent; an empty Selector is left out."""
        header = {
            "Correlation": self.correlation,
            "From": self.sender,
            "Schema": self.schema,
            "Subject": self.subject,
            "Timestamp": self.timestamp,
            "To": self.to,
        }
        return header | ({"Selector": self.selector} if self.selector else {})


@dataclass(frozen=True)
class Envelope:
    """One message. Unsigned while `hash` and `signature` are empty. Never change its body."""

    header: Header
    body: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""
    signature: str = ""
    _vetted: bool = field(default=False, repr=False, compare=False)

    @classmethod
    def build(
        cls,
        *,
        sender: str,
        to: str,
        subject: str,
        body: Mapping[str, Any],
        selector: str = "",
        correlation: str | UUID | None = None,
        now: datetime,
    ) -> Envelope:
        """Return an unsigned envelope made at `now`, with a new correlation unless given one.

        Raises Malformed when a field is not well-formed (protocol 2.2).
        """
        header = Header(
            sender=sender,
            to=to,
            subject=subject,
            correlation=str(correlation or uuid4()),
            timestamp=format_time(now),
            selector=selector,
        )
        return _checked(cls(header, dict(body)))

    @classmethod
    def read(cls, raw: bytes, *, max_bytes: int) -> Envelope:
        """Return the envelope that came over the wire (checks 1, 2 and 3 of protocol 2.4).

        Raises BadJson, Malformed.
        """
        try:
            value = parse_signable(raw, max_bytes=max_bytes)
        except NotCanonical as error:
            raise Malformed(str(error)) from None
        return cls.parse(value, vetted=True)

    @classmethod
    def parse(cls, value: object, *, vetted: bool = False) -> Envelope:
        """Return the envelope in a JSON value (checks 2 and 3 of protocol 2.4).

        A missing Body is `{}`, a missing From is `Anonymous`. `vetted` says that the value is one
        of parse_signable. Raises Malformed.
        """
        if not isinstance(value, dict) or not value.keys() <= _PARTS:
            raise Malformed("an envelope has Header, Body, Hash and Signature only")
        body = value.get("Body", {})
        if not isinstance(body, dict):
            raise Malformed("Body is not a map")
        header = _read_header(value.get("Header"))
        hash_, signature = _read_proof(value)
        if not hash_ and header.sender_class is not SenderClass.ANONYMOUS:
            raise Malformed("only Anonymous may leave out Hash and Signature")
        if header.sender_class is SenderClass.DOMAIN and not header.selector:
            raise Malformed("a domain's message needs a Selector")
        return _checked(cls(header, body, hash_, signature, vetted))

    @property
    def is_signed(self) -> bool:
        return bool(self.signature)

    def signed(self, key: SigningKey) -> Envelope:
        """Return this envelope with its hash and `key`'s signature over the canonical bytes."""
        data = self.canonical()
        return replace(self, hash=sha256_hex(data), signature=key.sign(data))

    def to_dict(self) -> dict[str, Any]:
        """Return the envelope as JSON values, without Hash and Signature while unsigned."""
        proof = {"Hash": self.hash, "Signature": self.signature} if self.is_signed else {}
        return {"Header": self.header.to_dict(), "Body": dict(self.body)} | proof

    def to_bytes(self) -> bytes:
        """Return the bytes to post."""
        return canonical_bytes(self.to_dict())

    def canonical(self) -> bytes:
        """Return the bytes that are hashed and signed (protocol 2.7)."""
        return self._canonical

    @cached_property
    def _canonical(self) -> bytes:
        make = canonical_vetted if self._vetted else canonical_bytes
        return make({"Header": self.header.to_dict(), "Body": self.body})

    def content_hash(self) -> str:
        """Return a hash of everything but Timestamp and Selector.

        Two envelopes with the same one say the same: a sender that retries for hours must sign
        again to stay inside the time window.
        """
        header = self.header.to_dict()
        header.pop("Timestamp")
        header.pop("Selector", None)
        make = canonical_vetted if self._vetted else canonical_bytes
        return sha256_hex(make({"Header": header, "Body": self.body}))

    def hash_matches(self) -> bool:
        """Say whether Hash is that of the content (check 7), in constant time."""
        return hmac.compare_digest(sha256_hex(self.canonical()), self.hash)

    def verifies(self, key: PublicKey) -> bool:
        """Say whether Signature is `key`'s over the content (check 8)."""
        return key.verify(self.canonical(), self.signature)


def _read_header(value: object) -> Header:
    if not isinstance(value, dict) or not _REQUIRED <= value.keys() <= _HEADERS:
        raise Malformed("the Header's keys are wrong")
    if set(map(type, value.values())) != {str}:
        raise Malformed("the Header's values are not all text")
    if value.get("Selector") == "":
        raise Malformed("an empty Selector is left out")
    schema = value["Schema"]
    if schema != SCHEMA and not is_schema(schema):
        raise Malformed("Schema is not a schema code")
    return Header(
        sender=value.get("From") or ANONYMOUS,
        to=value["To"],
        subject=value["Subject"],
        correlation=value["Correlation"],
        timestamp=value["Timestamp"],
        selector=value.get("Selector", ""),
        schema=schema if schema == SCHEMA else normalise_schema(schema),
    )


def _read_proof(value: dict[str, Any]) -> tuple[str, str]:
    if "Hash" not in value and "Signature" not in value:
        return "", ""
    hash_, signature = value.get("Hash"), value.get("Signature")
    if not isinstance(hash_, str) or not _HASH.fullmatch(hash_):
        raise Malformed("Hash is not 64 lower case hexadecimal digits")
    if not isinstance(signature, str) or not 0 < len(signature) <= _LONGEST_SIGNATURE:
        raise Malformed("Signature is not text")
    return hash_, signature


def _checked(envelope: Envelope) -> Envelope:
    """Return the envelope if its fields are well-formed (protocol 2.2), else raise Malformed."""
    header = envelope.header
    if not (is_own_name(header.sender) or is_uuid(header.sender) or header.sender == ANONYMOUS):
        raise Malformed("From is no domain, UUID or Anonymous")
    if not (is_domain(header.to) or is_uuid(header.to)):
        raise Malformed("To is neither a domain nor a UUID")
    if not _SUBJECT.fullmatch(header.subject):
        raise Malformed("Subject is not Method@Role")
    if not is_uuid(header.correlation):
        raise Malformed("Correlation is not a lower case UUID")
    if not is_time(header.timestamp):
        raise Malformed("Timestamp is not a UTC time")
    _check_selector(header)
    if header.schema != SCHEMA:
        raise Malformed("this version of the envelope is not supported", "schema")
    try:
        envelope.canonical()
    except NotCanonical as error:
        raise Malformed(str(error)) from None
    return envelope


def _check_selector(header: Header) -> None:
    if not header.selector:
        return
    if header.sender_class is not SenderClass.DOMAIN:
        raise Malformed("only a domain has a Selector")
    if not is_selector(header.selector):
        raise Malformed("Selector is not one DNS label")
