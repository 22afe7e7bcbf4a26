"""The forms of domains, UUIDs, schema codes, languages and locators (protocol 2.2, 3.7)."""

from __future__ import annotations

import re
from typing import Any

from scripts.functions.function import Context
from scripts.language.errors import ScriptError
from scripts.language.values import to_text

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCHEMA = re.compile(
    r"(?P<authority>[^/:,\s]*)(?P<lead>[./])(?P<path>[A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)*)"
    r"(?::(?P<version>\d{1,5}\.\d{1,5}))?"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
HOME = "pollyweb.org"


def domain_of(value: Any) -> str | None:
    """Return a domain name in lower case; None for anything else."""
    if isinstance(value, str) and len(value) <= 253 and _DOMAIN.fullmatch(value):
        return value.lower()
    return None


def uuid_of(value: Any) -> str | None:
    """Return a UUID in its one spelling; None for anything else."""
    if isinstance(value, str) and _UUID.fullmatch(value.lower()):
        return value.lower()
    return None


def schema_of(value: Any) -> dict[str, str] | None:
    """Return {Authority, Path, Version} of a schema code; None for anything else."""
    if not isinstance(value, str) or len(value) > 200:
        return None
    text = value if not value.startswith(".") else f"{HOME}/{value[1:]}"
    authority, slash, rest = text.partition("/")
    match = re.fullmatch(r"([A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)*)(?::(\d{1,5}\.\d{1,5}))?", rest)
    if not slash or match is None or domain_of(authority) is None:
        return None
    return {"Authority": authority.lower(), "Path": match[1], "Version": match[2] or "1.0"}


def is_domain(context: Context, subject: Any) -> bool:
    return domain_of(subject) is not None


def is_uuid(context: Context, subject: Any) -> bool:
    return isinstance(subject, str) and _UUID.fullmatch(subject) is not None


def is_schema(context: Context, subject: Any) -> bool:
    return schema_of(subject) is not None


def is_language(context: Context, subject: Any) -> bool:
    return isinstance(subject, str) and _LANGUAGE.fullmatch(subject) is not None


def schema(context: Context, subject: Any) -> dict[str, str]:
    parts = schema_of(subject)
    if parts is None:
        raise ScriptError(f"{to_text(subject)!r} is not a schema code", kind="type")
    return parts


def locator(context: Context, subject: Any) -> dict[str, Any]:
    """Return {Schema, Host, Key, IsAlias, Inputs} of a locator."""
    code, host, *rest = [*to_text(subject).split(","), "", ""][
        : max(3, to_text(subject).count(",") + 1)
    ]
    if schema_of(code) is None or domain_of(host) is None:
        raise ScriptError(f"{to_text(subject)!r} is not a locator", kind="type")
    key = rest[0] if rest and "=" not in rest[0] else ""
    inputs = dict(part.split("=", 1) for part in rest if "=" in part)
    return {
        "Schema": code,
        "Host": host.lower(),
        "Key": key,
        "IsAlias": schema(context, code)["Path"] == "ALIAS",
        "Inputs": inputs,
    }
