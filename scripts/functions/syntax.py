"""What a text spells: domains, schemas, locators, addresses, keys, files and languages."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlsplit

from scripts.functions.function import Context, Function
from scripts.functions.kinds import bad_type
from scripts.functions.names import domain_of, locator_of, schema_of, uuid_of
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, to_text

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_PEM = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{1,40})-----(\s[A-Za-z0-9+/=\s]+\s)-----END ([A-Z0-9 ]{1,40})-----"
)
_URL = re.compile(r"[!-~]+")


def is_domain(context: Context, subject: Any) -> bool:
    return domain_of(subject) is not None


def is_uuid(context: Context, subject: Any) -> bool:
    return isinstance(subject, str) and uuid_of(subject) == subject


def is_schema(context: Context, subject: Any) -> bool:
    return schema_of(subject) is not None


def is_locator(context: Context, subject: Any) -> bool:
    return locator_of(subject) is not None


def is_language(context: Context, subject: Any) -> bool:
    return isinstance(subject, str) and _LANGUAGE.fullmatch(subject) is not None


def _decoded(value: Any) -> bytes | None:
    """Return what base64 text spells; None for anything else."""
    if not isinstance(value, str) or is_empty(value):
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def is_base64(context: Context, subject: Any) -> bool:
    return _decoded(subject) is not None


def is_pdf(context: Context, subject: Any) -> bool:
    return (_decoded(subject) or b"").startswith(b"%PDF-")


def is_pem(context: Context, subject: Any) -> bool:
    match = _PEM.fullmatch(subject.strip()) if isinstance(subject, str) else None
    return match is not None and match[1] == match[3] and _decoded(match[2]) is not None


def is_url(context: Context, subject: Any) -> bool:
    """An https address with a domain name, and no name or password before it."""
    if not isinstance(subject, str) or len(subject) > 2000 or not _URL.fullmatch(subject):
        return False
    try:
        parts = urlsplit(subject)
        port = parts.port
    except ValueError:
        return False
    plain_host = parts.netloc == (parts.hostname or "") + ("" if port is None else f":{port}")
    return parts.scheme == "https" and plain_host and domain_of(parts.hostname) is not None


def domain(context: Context, subject: Any) -> Any:
    """The parts of a domain name; its text is the name."""
    if is_empty(subject):
        return None
    name = domain_of(subject.strip()) if isinstance(subject, str) else None
    if name is None:
        raise _not("a domain name", "Domain", subject)
    return {"$": name, "Name": name, "Title": name, "Description": ""}


def schema(context: Context, subject: Any) -> dict[str, str]:
    return schema_parts(subject)


def schema_parts(subject: Any) -> dict[str, str]:
    """Return the parts of a schema code. Raises ScriptError."""
    parts = schema_of(subject)
    if parts is None:
        raise _not("a schema code", "Schema", subject)
    return parts


def locator(context: Context, subject: Any) -> dict[str, Any]:
    return locator_parts(subject)


def locator_parts(subject: Any) -> dict[str, Any]:
    """Return the parts of a locator. Raises ScriptError."""
    parts = locator_of(subject)
    if parts is None:
        raise _not("a locator", "Locator", subject)
    return parts


def _not(what: str, function: str, value: Any) -> ScriptError:
    if not isinstance(value, str):
        return bad_type(function, f"reads the text of {what}", value)
    return ScriptError(f"{to_text(value)[:100]!r} is not {what}", kind="type")


FUNCTIONS = {
    "Domain": Function(
        domain, signature="t.Domain", about="A domain name in its parts: Name, Title, Description."
    ),
    "IsBase64": Function(
        is_base64, test=True, signature="t.IsBase64", about="Whether it is valid base64 text."
    ),
    "IsDomain": Function(
        is_domain, test=True, signature="t.IsDomain", about="Whether it is a domain name."
    ),
    "IsLanguage": Function(
        is_language,
        test=True,
        signature="t.IsLanguage",
        about="Whether it is a language code, such as `en` or `pt-br`.",
    ),
    "IsLocator": Function(
        is_locator,
        test=True,
        signature="t.IsLocator",
        about="Whether it is a locator: `schema,domain,key,name=value`.",
    ),
    "IsPDF": Function(
        is_pdf, test=True, signature="t.IsPDF", about="Whether it is the base64 of a PDF file."
    ),
    "IsPEM": Function(
        is_pem, test=True, signature="t.IsPEM", about="Whether it is PEM text, such as a key."
    ),
    "IsSchema": Function(
        is_schema,
        test=True,
        signature="t.IsSchema",
        about="Whether it is a schema code: `authority/CODE`, `.CODE`, with or without `:1.0`.",
    ),
    "IsURL": Function(
        is_url, test=True, signature="t.IsURL", about="Whether it is an https address of a domain."
    ),
    "IsUUID": Function(
        is_uuid, test=True, signature="t.IsUUID", about="Whether it is a UUID in lower case."
    ),
    "Locator": Function(
        locator,
        signature="t.Locator",
        about="A locator in its parts: Schema, Host, Key, IsAlias, Inputs.",
    ),
    "Schema": Function(
        schema,
        signature="t.Schema",
        about="A schema code in its parts: Authority, Path, Version (1.0 unless written).",
    ),
}
