"""Who we are to a browser vendor's push service (RFC 8292): a key, and a word signed with it."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIZE = 32  # bytes of a number on the curve P-256
LIFE_SECONDS = 12 * 3600  # at most a day (RFC 8292 section 2)


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key() -> str:
    """Make a private key: its 32 bytes, base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(number.to_bytes(SIZE, "big"))


@lru_cache(maxsize=2)
def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key as `new_key` writes it. Raises ValueError, which does not repeat it."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if len(data) == SIZE:
            return ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1())
    except ValueError:
        pass  # as for any other size: said below, without the text
    raise ValueError("not 32 bytes of base64url that are a private key of the curve P-256")


def public_point(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the public half as browsers take it: the uncompressed point, base64url."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return encoded(point)


def check_contact(text: str) -> None:
    """Raise ValueError unless a push service could reach somebody there (RFC 8292 section 2.1)."""
    if not (text.startswith("mailto:") and "@" in text) and not text.startswith("https://"):
        raise ValueError("it must be a mailto: or https: address that reaches the operator")


def authorization(key: ec.EllipticCurvePrivateKey, contact: str, endpoint: str, now: int) -> str:
    """Return the Authorization header of a push to `endpoint` at `now` (seconds since 1970, UTC).

    The token is good for one push service only, the endpoint's.
    """
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": now + LIFE_SECONDS,
        "sub": contact,
    }
    signed = ".".join(
        encoded(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = encoded(r.to_bytes(SIZE, "big") + s.to_bytes(SIZE, "big"))
    return f"vapid t={signed}.{signature}, k={public_point(key)}"
