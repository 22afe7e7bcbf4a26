"""The backup's cryptography, the same in the page (wallets/static/wallet/core/sealing.js).

A recovery key pair (ECDH, P-256): its private half is encrypted under the person's passphrase
(PBKDF2, AES-256-GCM), which makes the lock; what goes into a backup is sealed to its public half
(ephemeral ECDH, HKDF, AES-256-GCM). So things can be added without the passphrase.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from wallets.client.errors import WalletError

ITERATIONS = 600_000
MOST_ITERATIONS = 10_000_000  # a file from elsewhere must not keep us busy for hours
SHORTEST_PASSPHRASE = 10
PURPOSE = "countersign wallet backup 1"
# Without letters that look like others; 26 of them hold 130 bits.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LETTERS = 26
CURVE = ec.SECP256R1()


def recovery_code() -> str:
    """Return a recovery code such as 7K2M-9QXA-...: 130 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LETTERS, 4))


def new_lock(passphrase: str) -> dict[str, Any]:
    """Make a recovery key pair and return its lock. Raises WalletError for a short passphrase."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise WalletError(f"a passphrase has {SHORTEST_PASSPHRASE} characters or more")
    pair = ec.generate_private_key(CURVE)
    secret = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    salt, iv = os.urandom(16), os.urandom(12)
    key = _passphrase_key(passphrase, salt, ITERATIONS)
    return {
        "KDF": "PBKDF2-SHA256",
        "Iterations": ITERATIONS,
        "Salt": _text(salt),
        "IV": _text(iv),
        "Key": _text(AESGCM(key).encrypt(iv, secret, _label("lock"))),
        "PublicKey": _text(public),
    }


def open_lock(lock: dict[str, Any], passphrase: str) -> ec.EllipticCurvePrivateKey:
    """Return the private half of a lock. Raises WalletError for a wrong passphrase or no lock."""
    rounds = lock.get("Iterations")
    if lock.get("KDF") != "PBKDF2-SHA256" or not isinstance(rounds, int):
        raise WalletError("this backup is locked in an unknown way")
    if not 0 < rounds <= MOST_ITERATIONS:
        raise WalletError("this backup is locked in an unknown way")
    key = _passphrase_key(passphrase, _bytes(lock.get("Salt")), rounds)
    try:
        secret = AESGCM(key).decrypt(
            _bytes(lock.get("IV")), _bytes(lock.get("Key")), _label("lock")
        )
    except InvalidTag:
        raise WalletError("the passphrase is wrong") from None
    pair = load_der_private_key(secret, None)
    if not isinstance(pair, ec.EllipticCurvePrivateKey):
        raise WalletError("the backup is damaged")
    return pair


def seal(lock: dict[str, Any], data: bytes, name: str) -> dict[str, str]:
    """Seal bytes to a lock; `name` says what they are and must be named to open them."""
    theirs = load_der_public_key(_bytes(lock.get("PublicKey")))
    if not isinstance(theirs, ec.EllipticCurvePublicKey):
        raise WalletError("the backup's lock is damaged")
    ours = ec.generate_private_key(CURVE)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    iv = os.urandom(12)
    sealed = AESGCM(_shared_key(ours, theirs, point)).encrypt(iv, data, _label(name))
    return {"Point": _text(point), "IV": _text(iv), "Data": _text(sealed)}


def unseal(pair: ec.EllipticCurvePrivateKey, sealed: Any, name: str) -> bytes:
    """Return the bytes that were sealed under `name`. Raises WalletError for damaged ones."""
    fields = sealed if isinstance(sealed, dict) else {}
    point = _bytes(fields.get("Point"))
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
        key = _shared_key(pair, theirs, point)
        return AESGCM(key).decrypt(
            _bytes(fields.get("IV")), _bytes(fields.get("Data")), _label(name)
        )
    except (ValueError, InvalidTag):
        raise WalletError("the backup is damaged") from None


def seal_json(lock: dict[str, Any], value: Any, name: str) -> dict[str, str]:
    return seal(lock, json.dumps(value).encode(), name)


def unseal_json(pair: ec.EllipticCurvePrivateKey, sealed: Any, name: str) -> Any:
    try:
        return json.loads(unseal(pair, sealed, name))
    except ValueError:
        raise WalletError("the backup is damaged") from None


def _passphrase_key(passphrase: str, salt: bytes, iterations: int) -> bytes:
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=iterations)
    return kdf.derive(_normalised(passphrase).encode())


def _normalised(passphrase: str) -> str:
    """Return a code however it was typed, and any other passphrase as it is (NFC)."""
    letters = "".join(c for c in passphrase.upper() if not c.isspace() and c != "-")
    is_code = len(letters) == CODE_LETTERS and all(c in ALPHABET for c in letters)
    return letters if is_code else unicodedata.normalize("NFC", passphrase)


def _shared_key(
    ours: ec.EllipticCurvePrivateKey, theirs: ec.EllipticCurvePublicKey, point: bytes
) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=point, info=PURPOSE.encode())
    return kdf.derive(ours.exchange(ec.ECDH(), theirs))


def _label(name: str) -> bytes:
    return f"{PURPOSE} {name}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise WalletError("the backup is damaged") from None
