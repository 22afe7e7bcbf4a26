"""Ed25519 keys: their spellings, and verification that accepts one spelling per signature."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from messaging.canonical import sha256_hex
from messaging.signing import PrivateKey, PublicKey

KEY = PrivateKey.from_seed(bytes(range(32)))
DATA = b"what is said"
SIGNATURE = KEY.sign(DATA)


def pem_of(key: PublicKey) -> str:
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_public_key_is_read_in_its_three_spellings() -> None:
    for text in (KEY.public.spki, KEY.public.dkim, pem_of(KEY.public), f" {KEY.public.spki}\n"):
        assert PublicKey.from_text(text) == KEY.public
    assert (len(KEY.public.spki), len(KEY.public.dkim)) == (60, 44)


def test_fingerprint_is_that_of_the_der_form() -> None:
    assert KEY.public.fingerprint == sha256_hex(base64.b64decode(KEY.public.spki))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        KEY.public.spki[:-4],
        KEY.public.dkim[:-1],
        KEY.public.dkim.replace("=", "é"),
        "A" * 60,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        generate_private_key(SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
)
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PublicKey.from_text(text)


def test_signature_verifies_under_its_key_and_data_only() -> None:
    assert KEY.public.verify(DATA, SIGNATURE)
    assert not KEY.public.verify(DATA + b".", SIGNATURE)
    assert not PrivateKey.generate().public.verify(DATA, SIGNATURE)


def other_last_character(signature: str) -> str:
    """Spell the same bytes differently: the last character before the padding has spare bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body, padding = signature[:-2], signature[-2:]
    changed = body[:-1] + alphabet[alphabet.index(body[-1]) ^ 1] + padding
    assert base64.b64decode(changed) == base64.b64decode(signature)
    return changed


@pytest.mark.parametrize(
    "spelling",
    [
        SIGNATURE + "\n",
        SIGNATURE[:10] + " " + SIGNATURE[10:],
        SIGNATURE[:10] + "!" + SIGNATURE[10:],
        SIGNATURE.rstrip("="),
        SIGNATURE + "====",
        other_last_character(SIGNATURE),
        SIGNATURE.replace("/", "_").replace("+", "-").replace("=", ""),
        "é" * 88,
        "",
    ],
)
def test_other_spellings_of_a_signature_do_not_verify(spelling: str) -> None:
    assert not KEY.public.verify(DATA, spelling)


def test_private_key_is_not_shown() -> None:
    assert repr(KEY) == "PrivateKey()"
    assert PrivateKey.from_seed(KEY.seed()) == KEY
    with pytest.raises(ValueError, match="32 bytes"):
        PrivateKey.from_seed(b"short")
