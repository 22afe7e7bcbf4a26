"""The scene, once for all cases: none of them may change it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpcore
import pytest
from django.test import override_settings

from messaging import clock, keys
from scripts import library, poison
from tests.emptying import empty_database
from tests.forged.scene import Scene, build
from tests.messaging.dns_server import dns_server


@pytest.fixture(scope="package")
def _stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """What there is to attack, committed; each case's own changes are rolled back."""
    clock.reset()
    library._kept.clear()
    poison.forget()
    keys.forget_remembered()
    with (
        dns_server() as zone,
        override_settings(DNS_RESOLVERS=[zone.address]),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("celery.Celery.send_task", lambda *args, **kwargs: None)
        try:
            with django_db_blocker.unblock():
                scene = build()
            yield scene
        finally:
            with django_db_blocker.unblock():
                empty_database()


@pytest.fixture
def scene(_stage: Scene, db: None) -> Scene:
    """What there is to attack."""
    return _stage


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that something connects to over TCP: nobody may talk us into that."""
    hosts: list[str] = []

    def connect(self: object, host: str, *args: object, **options: object) -> None:
        hosts.append(host)
        raise httpcore.ConnectError("not in this test")

    monkeypatch.setattr("messaging.transport.CheckedBackend.connect_tcp", connect)
    return hosts
