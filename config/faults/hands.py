"""The work of all processes done by one thread: bells, the sweep, and a wallet's own turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from django.test import Client

from config.celery import app
from messaging import clock, outbox
from messaging.models import OutboxMessage
from scripts import services
from scripts.models import Ready, Run
from scripts.states import LIVE
from wallets.client import Wallet
from wallets.client.transport import Reply, Transport
from wallets.models import Notification

TURNS = 2000
SOON = timedelta(seconds=90)  # the longest pause before a failed advance is tried again

Bells = deque[tuple[str, Sequence[Any]]]


class NeverEnds(Exception):
    """There is always more to do: something wakes itself for ever."""


class LocalTransport(Transport):
    """A wallet's HTTP without a socket: the same views, in this process."""

    def __init__(self, routes: Sequence[str] = ()) -> None:
        super().__init__(["*=http://127.0.0.1"])
        self.views = Client(SERVER_NAME="127.0.0.1")

    def request(
        self, method: str, url: str, *, content: bytes, headers: Mapping[str, str]
    ) -> Reply:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.views.generic(
            method, path, content, content_type="application/json", headers=dict(headers)
        )
        return Reply(answer.status_code, answer.content)


@contextmanager
def bells() -> Iterator[Bells]:
    """Collect what is rung instead of sending it to a queue; who dies forgets what was rung."""
    rung: Bells = deque()
    app.loader.import_default_modules()  # the tasks, as a worker finds them

    def send_task(_app: object, name: str, args: Sequence[Any] = (), **_: object) -> None:
        rung.append((name, args))

    with mock.patch("celery.Celery.send_task", send_task):
        yield rung


def local_wallets() -> Any:
    """Let wallets that are opened meanwhile use no socket."""
    return mock.patch("wallets.client.wallet.Transport", LocalTransport)


def drain(rung: Bells, *wallets: Wallet) -> None:
    """Answer bells, sweep, and let wallets act until none of them has anything to do.

    Raises NeverEnds.
    """
    for _ in range(TURNS):
        if rung:
            name, arguments = rung.popleft()
            app.tasks[name](*arguments)
            continue
        swept = services.sweep()
        found = swept["timers"] + swept["runs"] + outbox.sweep()["outbox"]
        if not (found or rung or sum(len(wallet.poll()) for wallet in wallets)):
            return
    raise NeverEnds


def at_rest() -> bool:
    """Say whether nothing is due, here or for any wallet, and no run is live but such as wait for
    a moment that has not come."""
    now = clock.now()
    return not (
        Run.objects.filter(state__in=LIVE).exclude(timer__due_at__gt=now).exists()
        or Ready.objects.filter(due_at__lte=now + SOON).exists()
        or Run.objects.filter(script="Order", state__in=LIVE).exists()
        or OutboxMessage.objects.filter(state="DUE").exists()
        or Notification.objects.filter(acknowledged_at=None).exists()
    )
