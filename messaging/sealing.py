"""Secrets at rest: AES-256-GCM under FIELD_KEYS, each value bound to the row that holds it."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from messaging.errors import SealBroken

__all__ = ["SealBroken", "field_keys", "is_sealed", "reseal", "seal", "unseal"]
NONCE_BYTES = 12
KEY_BYTES = 32
_SEALED = re.compile("[A-Za-z0-9]+:[A-Za-z0-9+/]+={0,2}")


@lru_cache(maxsize=4)
def field_keys(text: str) -> dict[str, bytes]:
    """Return the keys of `"id:hex,id:hex"` by id, the encrypting one first.

    Raises ImproperlyConfigured, without showing any of it.
    """
    keys: dict[str, bytes] = {}
    for entry in text.split(","):
        name, _, digits = entry.strip().partition(":")
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            key = b""
        if not (name.isascii() and name.isalnum()) or name in keys or len(key) != KEY_BYTES:
            raise ImproperlyConfigured(
                f"FIELD_KEYS must be id:hex,id:hex with different ids and {KEY_BYTES} bytes each"
            )
        keys[name] = key
    return keys


def seal(plaintext: bytes, *, bound_to: str) -> str:
    """Return `keyid:base64(nonce+ciphertext)`, which opens only with the same `bound_to`.

    `bound_to` names the table and primary key, so that a value moved to another row is refused.
    """
    name, key = next(iter(field_keys(settings.FIELD_KEYS).items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, plaintext, bound_to.encode())
    return f"{name}:{base64.b64encode(sealed).decode()}"


def unseal(text: str, *, bound_to: str) -> bytes:
    """Return what was sealed. Raises SealBroken for anything but an untouched value in its row."""
    name, _, encoded = text.partition(":")
    key = field_keys(settings.FIELD_KEYS).get(name)
    if key is None:
        raise SealBroken(f"there is no field key {name[:20]!r}")
    try:
        sealed = base64.b64decode(encoded, validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
    except (binascii.Error, ValueError, InvalidTag):
        raise SealBroken(f"the sealed value of {bound_to} does not open") from None


def is_sealed(text: str) -> bool:
    """Say whether this has the form of a sealed value."""
    return _SEALED.fullmatch(text) is not None


def reseal(text: str, *, bound_to: str) -> str | None:
    """Return the value sealed under the first of FIELD_KEYS; None when it already is.

    Opens it either way, so a value that is lost is found out here. Raises SealBroken.
    """
    plaintext = unseal(text, bound_to=bound_to)
    name = next(iter(field_keys(settings.FIELD_KEYS)))
    return None if text.startswith(f"{name}:") else seal(plaintext, bound_to=bound_to)
