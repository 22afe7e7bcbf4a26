"""How the protocol writes domains, ids, times, schema codes, languages and locators."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import quote, unquote

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LAST_LABEL = "(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])"
_SELECTOR = re.compile(_LABEL)
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{_LAST_LABEL}")
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CODE = re.compile("[A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)*")
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})\.(?:0|[1-9][0-9]{0,5})")
_TIME = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3})?Z"
)
_LANGUAGE = re.compile("[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NAME = re.compile("[A-Za-z0-9_.-]{1,100}")

HOME_AUTHORITY = "pollyweb.org"
ALIAS = ".dom"
WEB_PREFIX = "https://pollyweb.org/go/"
APP_PREFIX = "pollyweb://"
LONGEST_SCHEMA = 200
LONGEST_LOCATOR = 2000


def is_domain(value: Any) -> TypeGuard[str]:
    """Say whether this is a domain name (protocol 2.2): two labels at least, no IP address."""
    return isinstance(value, str) and _DOMAIN.fullmatch(value) is not None


def zone_of(domain: str) -> str:
    """Return the part of a domain name that its owner registered, as far as the name tells.

    Who has a zone can make up any number of names in it, so they share what is bounded. Two
    labels, and three where the second is as short as in `co.uk`; wrong guesses only share more.
    """
    labels = domain.lower().split(".")
    short = len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2
    return ".".join(labels[-3 if short else -2 :])


def is_alias(domain: str) -> bool:
    """Say whether this is an `x.dom`, which stands for `x.pollyweb.org` and is never stored."""
    return domain.lower().endswith(ALIAS)


def is_own_name(value: Any) -> TypeGuard[str]:
    """Say whether this is a domain name and no alias: only To may be one (protocol 2.9)."""
    return is_domain(value) and not is_alias(value)


def is_selector(value: Any) -> TypeGuard[str]:
    """Say whether this may name a DKIM key: one DNS label (protocol 2.8)."""
    return isinstance(value, str) and _SELECTOR.fullmatch(value) is not None


def is_uuid(value: Any) -> TypeGuard[str]:
    """Say whether this is a UUID in its one accepted spelling, lower case 8-4-4-4-12."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_language(value: Any) -> TypeGuard[str]:
    """Say whether this looks like a language tag, such as `en-us`."""
    return isinstance(value, str) and len(value) <= 35 and _LANGUAGE.fullmatch(value) is not None


def is_schema(value: Any) -> TypeGuard[str]:
    """Say whether this is a schema code, long or short (protocol 2.2)."""
    return isinstance(value, str) and _long_schema(value) is not None


def normalise_schema(code: str) -> str:
    """Return the long form `authority/CODE:major.minor` of a schema code.

    `.X` stands for `pollyweb.org/X`, a missing version for 1.0. Raises ValueError.
    """
    long = _long_schema(code)
    if long is None:
        raise ValueError(f"{code[:100]!r} is not a schema code")
    return long


def _long_schema(code: str) -> str | None:
    path, colon, version = code.partition(":")
    authority, _, name = (
        (HOME_AUTHORITY, "", path[1:]) if path.startswith(".") else path.partition("/")
    )
    fits = len(code) <= LONGEST_SCHEMA and is_domain(authority) and _CODE.fullmatch(name)
    if not fits or (colon and not _VERSION.fullmatch(version)):
        return None
    return f"{authority}/{name}:{version or '1.0'}"


def is_time(value: Any) -> TypeGuard[str]:
    """Say whether this is a protocol time: UTC, no fraction or three digits of it."""
    return isinstance(value, str) and _read_time(value) is not None


def parse_time(text: str) -> datetime:
    """Return the moment (aware, UTC) of a protocol time. Raises ValueError."""
    moment = _read_time(text)
    if moment is None:
        raise ValueError(f"{text[:40]!r} is not a time like 2026-01-02T03:04:05.678Z")
    return moment


def _read_time(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None


def format_time(moment: datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS.mmmZ` of an aware moment, finer digits cut off.

    Raises ValueError for a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a protocol time needs a time zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


@dataclass(frozen=True)
class Locator:
    """What a code, link or tap points at (protocol 3.7); `schema` in the long form."""

    schema: str
    domain: str
    key: str
    inputs: dict[str, str] = field(default_factory=dict)


def parse_locator(text: str) -> Locator:
    """Return the parts of a locator: bare, `https://pollyweb.org/go/...` or `pollyweb://...`.

    Raises ValueError.
    """
    bare = text.removeprefix(WEB_PREFIX).removeprefix(APP_PREFIX)
    parts = bare.split(",")
    if len(text) > LONGEST_LOCATOR or len(parts) < 3:
        raise ValueError("a locator is SCHEMA,DOMAIN,KEY and then NAME=VALUE")
    schema, domain, key = (_decoded(part) for part in parts[:3])
    if not is_domain(domain) or not key:
        raise ValueError("a locator names a domain and a key")
    inputs: dict[str, str] = {}
    for part in parts[3:]:
        name, equals, value = part.partition("=")
        if not equals or not _NAME.fullmatch(name) or name in inputs:
            raise ValueError("a locator's inputs are NAME=VALUE, each name once")
        inputs[name] = _decoded(value)
    return Locator(normalise_schema(schema), domain.lower(), key, inputs)


def _decoded(part: str) -> str:
    value = unquote(part, errors="strict")
    if not value.isprintable():
        raise ValueError("a locator holds a control character")
    return value


def format_locator(locator: Locator) -> str:
    """Return the bare form; WEB_PREFIX or APP_PREFIX before it makes a link of it."""
    inputs = [f"{name}={quote(value, safe='')}" for name, value in locator.inputs.items()]
    return ",".join([locator.schema, locator.domain, quote(locator.key, safe="$/:"), *inputs])


def storable(text: str, most: int = 500) -> str:
    """Return what a column of `most` characters takes of a text that may quote a peer's oddities.

    PostgreSQL takes no zero character, and no half of a surrogate pair.
    """
    return (
        text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:most]
    )
