"""Secrets at rest: a sealed value opens only untouched, in its row, with its key."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging.keys import create_domain, signing_key
from messaging.models import DomainKey
from messaging.sealing import SealBroken, field_keys, seal, unseal

OLD, NEW = f"k1:{'11' * 32}", f"k2:{'22' * 32}"
ROW, OTHER_ROW = "messaging_domainkey:1", "messaging_domainkey:2"


@pytest.fixture(autouse=True)
def field_key(settings: Any) -> None:
    settings.FIELD_KEYS = OLD


def test_sealed_value_opens_in_its_row() -> None:
    sealed = seal(b"secret", bound_to=ROW)
    assert sealed.startswith("k1:")
    assert b"secret" not in base64.b64decode(sealed.partition(":")[2])
    assert unseal(sealed, bound_to=ROW) == b"secret"
    assert seal(b"secret", bound_to=ROW) != sealed


def test_value_moved_to_another_row_is_refused() -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"secret", bound_to=ROW), bound_to=OTHER_ROW)


def test_first_key_seals_and_every_key_opens(settings: Any) -> None:
    old = seal(b"secret", bound_to=ROW)
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert seal(b"secret", bound_to=ROW).startswith("k2:")
    assert unseal(old, bound_to=ROW) == b"secret"


def test_value_of_a_lost_or_wrong_key_is_refused(settings: Any) -> None:
    sealed = seal(b"secret", bound_to=ROW)
    settings.FIELD_KEYS = NEW
    with pytest.raises(SealBroken):
        unseal(sealed, bound_to=ROW)
    settings.FIELD_KEYS = f"k1:{'33' * 32}"
    with pytest.raises(SealBroken):
        unseal(sealed, bound_to=ROW)


@pytest.mark.parametrize("change", ["", "k1:", "k1:AAAA", "k1:!!!!", "plain", "k1"])
def test_value_that_was_never_sealed_is_refused(change: str) -> None:
    with pytest.raises(SealBroken):
        unseal(change, bound_to=ROW)


def test_changed_value_is_refused() -> None:
    name, _, encoded = seal(b"secret", bound_to=ROW).partition(":")
    data = bytearray(base64.b64decode(encoded))
    data[-1] ^= 1
    with pytest.raises(SealBroken):
        unseal(f"{name}:{base64.b64encode(data).decode()}", bound_to=ROW)


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:zz", f"k1:{'11' * 16}", f"{OLD},{OLD}", f":{'11' * 32}"]
)
def test_unreadable_field_keys_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        field_keys(text)
    assert "1111" not in str(caught.value)


@pytest.mark.django_db
def test_private_key_of_one_domain_cannot_stand_in_for_anothers() -> None:
    create_domain("theatre.test")
    create_domain("notifier.test")
    theirs = DomainKey.objects.get(domain="notifier.test")
    DomainKey.objects.filter(domain="theatre.test").update(private_key=theirs.private_key)
    with pytest.raises(SealBroken):
        signing_key("theatre.test")
