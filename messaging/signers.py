"""Who keeps the private keys of the domains hosted here and signs with them: the SIGNER setting."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from messaging.sealing import is_sealed, seal, unseal
from messaging.signing import PrivateKey, PublicKey, SigningKey


class Signer(Protocol):
    """Makes keys, keeps them, and signs with them. `name` names the row of the key."""

    def create(self, name: str) -> tuple[PublicKey, str]:
        """Make a key; return its public half and what the row keeps of the private one."""
        ...

    def open(self, name: str, kept: str) -> SigningKey:
        """Return what signs with the key. Raises CannotSign."""
        ...

    def destroy(self, name: str, kept: str) -> None:
        """Make the key unusable for ever. Raises CannotSign when that cannot be done now."""
        ...


class LocalSigner:
    """The default: private keys are in the database, sealed under FIELD_KEYS, and used here."""

    def create(self, name: str) -> tuple[PublicKey, str]:
        private = PrivateKey.generate()
        return private.public, seal(private.seed(), bound_to=name)

    def open(self, name: str, kept: str) -> SigningKey:
        return PrivateKey.from_seed(unseal(kept, bound_to=name))

    def destroy(self, name: str, kept: str) -> None:
        """The row was all there is."""


def chosen() -> Signer:
    """Return the signer that SIGNER names. Raises ImproperlyConfigured."""
    return _built(settings.SIGNER)


@lru_cache(maxsize=4)
def _built(path: str) -> Signer:
    try:
        built = import_string(path)()
    except ImportError as error:
        raise ImproperlyConfigured(f"SIGNER: {error}") from None
    return cast(Signer, built)


def signer_of(kept: str) -> Signer:
    """Return who keeps a key: what was sealed here stays usable when SIGNER names another."""
    return LocalSigner() if is_sealed(kept) else chosen()
