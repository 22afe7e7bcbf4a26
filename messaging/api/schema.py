"""The inbox in OpenAPI words: the envelope and every answer."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse

_TEXT: dict[str, Any] = {"type": "string"}

HEADER: dict[str, Any] = {
    "type": "object",
    "required": ["Schema", "To", "Subject", "Correlation", "Timestamp"],
    "additionalProperties": False,
    "properties": {
        "Schema": {**_TEXT, "example": "pollyweb.org/MSG:1.0"},
        "From": {**_TEXT, "description": "A domain, a wallet's UUID, or Anonymous"},
        "To": {**_TEXT, "description": "A domain hosted here"},
        "Subject": {**_TEXT, "example": "Issue@Broker"},
        "Correlation": {**_TEXT, "format": "uuid"},
        "Timestamp": {**_TEXT, "example": "2026-01-02T03:04:05.678Z"},
        "Selector": {**_TEXT, "description": "Names the DKIM key when From is a domain"},
    },
}
ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["Header"],
    "additionalProperties": False,
    "properties": {
        "Header": HEADER,
        "Body": {"type": "object"},
        "Hash": {**_TEXT, "description": "SHA-256 of the canonical bytes, lower case hexadecimal"},
        "Signature": {**_TEXT, "description": "Ed25519 over the canonical bytes, base64"},
    },
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "Request": HEADER,
        "Response": {
            "type": "object",
            "description": "An envelope signed by the domain that answers; a bare map for "
            "Manifest@Domain.",
        },
        "Meta": {
            "type": "object",
            "properties": {"Code": {"type": "integer"}, "LatencyMs": {"type": "integer"}},
        },
    },
}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["Error"],
    "additionalProperties": False,
    "properties": {"Error": _TEXT},
}


def _error(description: str) -> OpenApiResponse:
    return OpenApiResponse(ERROR, description)


RESPONSES = {
    200: OpenApiResponse(ANSWER, "Empty for async subjects; for sync ones the signed response"),
    400: _error("Not the JSON an inbox takes, or too large"),
    401: _error("The hash, key or signature is wrong"),
    403: _error("The handler refused, or hides whether it knows this"),
    405: _error("Only POST"),
    415: _error("Not application/json"),
    422: _error("A well-formed message that is not acceptable here"),
    429: _error("Too many messages from this address"),
    500: _error("Our fault; repeat the message later"),
    503: _error("The sender's key cannot be looked up now"),
    504: _error("A sync handler did not end in time; repeat the message for its answer"),
}
