"""Keys: their spellings (protocol 2.8, 2.10), signatures and strict verification.

What is signed here is signed with Ed25519; RSA is read, because other domains may publish it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from messaging.canonical import sha256_hex

# What DER writes before the 32 bytes of every Ed25519 SubjectPublicKeyInfo.
SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
KEY_BYTES = 32
SIGNATURE_BYTES = 64
ED25519, RSA = "ed25519", "rsa"
# Smaller ones can be broken, and larger ones cost a receiver more than a message is worth.
RSA_BITS = range(2048, 4097)
RSA_EXPONENT = 65537
FIELD_PRIME = 2**255 - 19
# The y of the eight points whose order divides 8. Under such a "key" somebody without any private
# key can sign, and one signature can hold for many messages.
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = frozenset(
    {0, 1, FIELD_PRIME - 1, _OF_ORDER_8, FIELD_PRIME - _OF_ORDER_8},
)


def strict_base64(text: str, size: int) -> bytes:
    """Return the `size` bytes that `text` spells in its one canonical spelling.

    Lenient decoders give one value many spellings. Raises ValueError.
    """
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None
    if len(data) != size or base64.b64encode(data).decode() != text:
        raise ValueError(f"not {size} bytes of base64")
    return data


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key, `raw` being its 32 bytes; see RsaPublicKey for the other kind."""

    raw: bytes
    algorithm = ED25519

    def __post_init__(self) -> None:
        """Refuse what is no key, however it came: so no place that reads keys can forget to."""
        y = int.from_bytes(self.raw, "little") & (1 << 255) - 1
        if len(self.raw) != KEY_BYTES or y >= FIELD_PRIME or y in SMALL_ORDER:
            raise ValueError("not a usable Ed25519 key")

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Read base64 of DER SubjectPublicKeyInfo or of the raw 32 bytes, or PEM.

        Raises ValueError.
        """
        text = text.strip()
        if text.startswith("-----"):
            return cls._from_pem(text)
        if len(text) == 44:
            return cls(strict_base64(text, KEY_BYTES))
        der = strict_base64(text, len(SPKI_PREFIX) + KEY_BYTES)
        if not der.startswith(SPKI_PREFIX):
            raise ValueError("not an Ed25519 key")
        return cls(der.removeprefix(SPKI_PREFIX))

    @classmethod
    def _from_pem(cls, text: str) -> PublicKey:
        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("not a PEM public key") from None
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")
        return cls(key.public_bytes_raw())

    @property
    def spki(self) -> str:
        """The wire form: 60 characters, base64 of DER SubjectPublicKeyInfo."""
        return base64.b64encode(SPKI_PREFIX + self.raw).decode()

    @property
    def dkim(self) -> str:
        """The form of a DKIM record: 44 characters, base64 of the raw key."""
        return base64.b64encode(self.raw).decode()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER form in hexadecimal: names a key in logs and rows."""
        return sha256_hex(base64.b64decode(self.spki))

    @cached_property
    def _verifier(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def verify(self, data: bytes, signature: str) -> bool:
        """Say whether `signature` (strict base64) is this key's over `data`."""
        try:
            decoded = strict_base64(signature, SIGNATURE_BYTES)
            self._verifier.verify(decoded, data)
        except (ValueError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True)
class RsaPublicKey(PublicKey):
    """An RSA public key of another domain, `raw` being its DER SubjectPublicKeyInfo."""

    algorithm = RSA

    def __post_init__(self) -> None:
        """Nothing: what from_text takes has been read as an RSA key."""

    @classmethod
    def from_text(cls, text: str) -> RsaPublicKey:
        """Read base64 of DER SubjectPublicKeyInfo, of 2048 to 4096 bits. Raises ValueError."""
        try:
            der = base64.b64decode(text.encode("ascii"), validate=True)
            key = load_der_public_key(der)
        except (binascii.Error, UnicodeEncodeError, ValueError, UnsupportedAlgorithm):
            raise ValueError("not a DER public key in base64") from None
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")
        if key.key_size not in RSA_BITS or key.public_numbers().e != RSA_EXPONENT:
            raise ValueError("an RSA key has 2048 to 4096 bits and the exponent 65537")
        return cls(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def spki(self) -> str:
        """The wire form: base64 of DER SubjectPublicKeyInfo."""
        return base64.b64encode(self.raw).decode()

    @property
    def dkim(self) -> str:
        """The form of a DKIM record, the same."""
        return self.spki

    @cached_property
    def _rsa(self) -> RSAPublicKey:
        key = load_der_public_key(self.raw)
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")
        return key

    def verify(self, data: bytes, signature: str) -> bool:
        """Say whether `signature` (strict base64, PKCS#1 v1.5 with SHA-256) is this key's."""
        try:
            decoded = strict_base64(signature, (self._rsa.key_size + 7) // 8)
            self._rsa.verify(decoded, data, PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True


def read_key(text: str) -> PublicKey:
    """Return the key of a domain, Ed25519 in any spelling or RSA in DER. Raises ValueError."""
    try:
        return PublicKey.from_text(text)
    except ValueError:
        return RsaPublicKey.from_text(text)


class SigningKey(Protocol):
    """A private key, wherever it is: it signs, and its secret is nobody's business."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, data: bytes) -> str:
        """Return the signature over `data` in base64. Raises CannotSign."""
        ...


@dataclass(frozen=True)
class PrivateKey:
    """An Ed25519 private key; printing it shows nothing."""

    _seed: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> PrivateKey:
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """Return the key of a 32 byte seed. Raises ValueError for another length."""
        if len(seed) != KEY_BYTES:
            raise ValueError(f"a seed has {KEY_BYTES} bytes")
        return cls(bytes(seed))

    def seed(self) -> bytes:
        """Return the 32 bytes that are the secret."""
        return self._seed

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._signer.public_key().public_bytes_raw())

    @cached_property
    def _signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    def sign(self, data: bytes) -> str:
        """Return the signature over `data`: 88 characters of base64, always the same."""
        return base64.b64encode(self._signer.sign(data)).decode()
