"""What messaging's tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from messaging import clock, keys
from messaging.registry import registry
from tests.messaging.parties import BROKER, THEATRE, Desk, Peer, pinned_peer
from tests.messaging.peer_server import PeerServer, peer_server


@pytest.fixture(autouse=True)
def _clock_goes_back() -> Iterator[None]:
    yield
    clock.reset()


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The tasks that were rung for: the queue is a network edge."""
    rung: list[tuple[str, list[str]]] = []

    def record(app: Any, name: str, args: list[str], **options: Any) -> None:
        rung.append((name, args))

    monkeypatch.setattr("celery.Celery.send_task", record)
    return rung


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, bells: list[tuple[str, list[str]]]) -> Desk:
    """Handlers and listeners of the tests, in place of those of the apps."""
    desk = Desk()
    monkeypatch.setattr(registry, "subjects", desk.subjects)
    monkeypatch.setattr(registry, "start", desk.start)
    monkeypatch.setattr(registry, "drive", desk.drive)
    monkeypatch.setattr(registry, "answer", desk.answer)
    monkeypatch.setattr(registry, "on_response", desk.on_response)
    monkeypatch.setattr(registry, "delivered", {"Issue@Broker": desk.on_delivered})
    monkeypatch.setattr(registry, "undeliverable", {"Issue@Broker": desk.on_undeliverable})
    monkeypatch.setattr(registry, "resendable", {})
    return desk


@pytest.fixture
def theatre(db: None, desk: Desk) -> str:
    """A domain hosted here."""
    return keys.create_domain(THEATRE, "The Guild").name


@pytest.fixture
def broker(theatre: str) -> Peer:
    """A peer whose key is pinned here."""
    return pinned_peer()


@pytest.fixture
def broker_inbox(broker: Peer, settings: Any) -> Iterator[PeerServer]:
    """The peer's inbox: what is sent to broker.test is posted to it."""
    with peer_server() as server:
        settings.PEER_ROUTES = [f"{BROKER}={server.base}"]
        settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
        yield server
