"""The forms of domains, UUIDs, schema codes and locators (protocol 2.2, 3.7)."""

from __future__ import annotations

import re
from typing import Any

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH = re.compile(r"([A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)*)(?::(\d{1,5}\.\d{1,5}))?")
HOME = "pollyweb.org"


def domain_of(value: Any) -> str | None:
    """Return a domain name in lower case; None for anything else."""
    if isinstance(value, str) and len(value) <= 253 and _DOMAIN.fullmatch(value):
        return value.lower()
    return None


def uuid_of(value: Any) -> str | None:
    """Return a UUID in its one spelling; None for anything else."""
    if isinstance(value, str) and len(value) == 36 and _UUID.fullmatch(value.lower()):
        return value.lower()
    return None


def schema_of(value: Any) -> dict[str, str] | None:
    """Return {Authority, Path, Version} of a schema code; None for anything else."""
    if not isinstance(value, str) or len(value) > 200:
        return None
    text = value if not value.startswith(".") else f"{HOME}/{value[1:]}"
    authority, slash, rest = text.partition("/")
    match = _PATH.fullmatch(rest)
    if not slash or match is None or domain_of(authority) is None:
        return None
    return {"Authority": authority.lower(), "Path": match[1], "Version": match[2] or "1.0"}


def locator_of(value: Any) -> dict[str, Any] | None:
    """Return {Schema, Host, Key, IsAlias, Inputs} of a locator; None for anything else."""
    parts = value.split(",") if isinstance(value, str) and len(value) <= 2000 else []
    if len(parts) < 2:
        return None
    code, host, *rest = parts
    schema, domain = schema_of(code), domain_of(host)
    if schema is None or domain is None:
        return None
    fields = rest if rest and "=" in rest[0] else rest[1:]
    if any("=" not in field for field in fields):
        return None
    return {
        "Schema": code,
        "Host": domain,
        "Key": rest[0] if rest and "=" not in rest[0] else "",
        "IsAlias": schema["Path"] == "ALIAS",
        "Inputs": dict(field.split("=", 1) for field in fields),
    }


def name_key(text: str) -> Any:
    """Return what the spellings of one UUID, domain or schema share; other text is itself."""
    if "." not in text:
        return uuid_of(text) or text
    schema = schema_of(text)
    if schema is not None:
        return tuple(schema.values())
    return domain_of(text) or text
