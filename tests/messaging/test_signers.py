"""Signers: the local one, and a key service in another process over a Unix socket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging import inbox, key_life, keys, outbox
from messaging.errors import CannotSign, SignerFailed
from messaging.inbox import Answer
from messaging.models import DomainKey, InboxMessage, OutboxMessage
from messaging.signers import chosen
from messaging.signing import PrivateKey
from messaging.socket_signer import MARK
from messaging.states import OutboxState
from tests.messaging.mail import queue
from tests.messaging.parties import BROKER, THEATRE, Desk, Peer

pytestmark = pytest.mark.django_db
PROGRAM = Path(__file__).with_name("signer_process.py")


@pytest.fixture
def service(tmp_path: Path, settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A running key service that SIGNER names."""
    settings.SIGNER = "messaging.socket_signer.SocketSigner"
    settings.SIGNER_SOCKET = str(tmp_path / "signer.sock")
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), settings.SIGNER_SOCKET], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_service_makes_keys_and_signs_and_no_secret_is_here(service: Any) -> None:
    keys.create_domain(THEATRE)
    assert DomainKey.objects.get().private_key == MARK
    selector, key = keys.signing_key(THEATRE)
    assert selector == "pw1"
    assert keys.published_key(THEATRE)[1].verify(b"data", key.sign(b"data"))


@pytest.mark.django_db(transaction=True)
def test_message_signed_by_the_service_is_accepted(service: Any, desk: Desk) -> None:
    keys.create_domain(THEATRE)
    keys.create_domain(BROKER)
    message = queue(subject="Offered@Issuer", sender=BROKER, recipient=THEATRE)
    assert outbox.deliver(message.pk)
    assert OutboxMessage.objects.get().state == OutboxState.SENT
    assert InboxMessage.objects.get().sender == BROKER


@pytest.mark.django_db(transaction=True)
def test_service_that_is_down_sends_nothing_and_loses_nothing(
    service: subprocess.Popen[str], desk: Desk, broker: Peer
) -> None:
    sync = broker.message("Status@Broker")
    message = queue(recipient=BROKER)
    service.kill()
    service.wait()
    keys.forget_remembered()
    with pytest.raises(SignerFailed, match="does not answer"):
        keys.signing_key(THEATRE)
    assert outbox.deliver(message.pk)
    waiting = OutboxMessage.objects.get()
    assert waiting.state == OutboxState.DUE
    assert "cannot be signed" in waiting.last_error
    assert inbox.receive(sync) == Answer(503, {"Error": "Try again later"})


def test_key_that_is_another_than_it_was_is_not_used(service: Any) -> None:
    keys.create_domain(THEATRE)
    chosen().create(DomainKey.objects.get().bound_to)
    with pytest.raises(CannotSign, match="another key"):
        keys.signing_key(THEATRE)


def test_wrong_signature_of_the_service_is_not_used(service: Any) -> None:
    keys.create_domain(THEATRE)
    _, key = keys.signing_key(THEATRE)
    chosen().create(DomainKey.objects.get().bound_to)  # the service has another key now
    with pytest.raises(SignerFailed, match="not the key's"):
        key.sign(b"data")


def test_retired_key_is_destroyed_in_the_service(service: Any) -> None:
    keys.create_domain(THEATRE)
    following = key_life.create_next(THEATRE)
    key_life.retire(THEATRE, following.selector)
    with pytest.raises(SignerFailed, match="no such key"):
        chosen().open(following.bound_to, MARK)


def test_sealed_keys_stay_usable_beside_the_service(service: Any, settings: Any) -> None:
    settings.SIGNER = "messaging.signers.LocalSigner"
    keys.create_domain(THEATRE)
    settings.SIGNER = "messaging.socket_signer.SocketSigner"
    following = key_life.create_next(THEATRE)
    assert isinstance(keys.signing_key(THEATRE)[1], PrivateKey)
    key_life.rotate(THEATRE, check_published=False)
    selector, key = keys.signing_key(THEATRE)
    assert selector == following.selector == "pw2"
    assert not isinstance(key, PrivateKey)


def test_unknown_signer_is_a_clear_error(settings: Any) -> None:
    settings.SIGNER = "messaging.signers.Nobody"
    with pytest.raises(ImproperlyConfigured, match="SIGNER"):
        chosen()
