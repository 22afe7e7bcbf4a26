"""Ed25519 "keys" under which anybody can sign, in each encoding, canonical or not."""

from __future__ import annotations

import base64

from messaging.signing import FIELD_PRIME, KEY_BYTES, SMALL_ORDER, SPKI_PREFIX

SIGN_OF_X = 1 << 255


def _bytes(number: int) -> bytes:
    return number.to_bytes(KEY_BYTES, "little")


# Every y of a point of small order, with either sign of x (for two of them one is odd); and every y
# that is spelt as itself plus the prime. These are all encodings of all eight points, and more.
SMALL = [_bytes(y | sign) for y in sorted(SMALL_ORDER) for sign in (0, SIGN_OF_X)]
NOT_CANONICAL = [_bytes((FIELD_PRIME + n) | sign) for n in range(19) for sign in (0, SIGN_OF_X)]
WEAK = [*SMALL, *NOT_CANONICAL]


def spki(raw: bytes) -> str:
    """Return the wire form of a key, which messaging.signing would not write."""
    return base64.b64encode(SPKI_PREFIX + raw).decode()


def dkim(raw: bytes) -> str:
    """Return the form of a DKIM record."""
    return base64.b64encode(raw).decode()


def pem(raw: bytes) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{spki(raw)}\n-----END PUBLIC KEY-----\n"
