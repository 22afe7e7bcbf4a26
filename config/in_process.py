"""The work of all processes done by one thread: bells, the sweep, and a wallet's own turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from django.test import Client

from config.celery import app
from messaging import outbox
from scripts import services
from wallets.client import Wallet
from wallets.client.events import Event
from wallets.client.transport import Reply, Transport

TURNS = 2000

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


def drain(rung: Bells, *wallets: Wallet, tell: Callable[[list[Event]], None] | None = None) -> None:
    """Answer bells, sweep, and let wallets act until none of them has anything to do.

    `tell` is called with what each notification of a wallet brought about. Raises NeverEnds.
    """
    for _ in range(TURNS):
        if rung:
            name, arguments = rung.popleft()
            app.tasks[name](*arguments)
            continue
        swept = services.sweep()
        found = swept["timers"] + swept["runs"] + outbox.sweep()["outbox"]
        if not (found or rung or sum(len(wallet.poll(tell=tell)) for wallet in wallets)):
            return
    raise NeverEnds
