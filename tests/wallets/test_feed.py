"""The live feed: each notification once, nothing missed, and nothing held while it is quiet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import Client as Browser

from config.handler import ThreadHandler
from messaging import clock
from messaging.ids import uuid4, uuid7
from tests.person import Person
from tests.wallets.test_api import notify, signed
from wallets import feed as feeding
from wallets import services
from wallets.feed import feed, floor_after, stream
from wallets.models import Notification, Registration

STREAM = "/wallet/stream"


def registration(person: Person) -> UUID:
    return UUID(str(Registration.objects.get(wallet=person.wallet).pk))


def ids(chunks: list[bytes]) -> list[str]:
    """Return the ids of the events, and check that their data says the same."""
    lines = b"".join(chunks).decode().splitlines()
    data = [json.loads(line[6:])["ID"] for line in lines if line.startswith("data: ")]
    assert data == [line[4:] for line in lines if line.startswith("id: ")]
    return data


async def elsewhere(act: Callable[[], Any]) -> Any:
    """Do something with the database beside the loop, and leave no connection behind."""

    def act_and_close() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    return await sync_to_async(act_and_close)()


async def heard(events: AsyncIterator[bytes], count: int, seconds: float = 3) -> list[bytes]:
    """Return the next `count` chunks; fewer when nothing comes for some time."""
    found: list[bytes] = []
    try:
        while len(found) < count:
            found.append(await asyncio.wait_for(anext(events), seconds))
    except TimeoutError:
        pass
    return found


def test_what_waits_and_what_comes_is_sent_once_and_in_order(alice: Person, bob: Person) -> None:
    who, waiting = registration(alice), [notify(alice), notify(alice)]
    notify(bob)

    async def listen() -> list[bytes]:
        async with aclosing(stream(who, None)) as events:
            first = await heard(events, 3)
            waiting.append(await elsewhere(lambda: notify(alice)))
            return first + await heard(events, 5, seconds=6)  # longer than one whole look

    chunks = asyncio.run(listen())
    assert chunks[0] == b": welcome\n\n"
    assert ids(chunks) == [str(each.pk) for each in waiting]


def test_what_was_acknowledged_is_not_sent(alice: Person) -> None:
    who, done, kept = registration(alice), notify(alice), notify(alice)
    services.acknowledge(Registration.objects.get(pk=who), [str(done.pk)])

    async def listen() -> list[bytes]:
        async with aclosing(stream(who, None)) as events:
            return await heard(events, 3, seconds=1)

    assert ids(asyncio.run(listen())) == [str(kept.pk)]


def test_page_goes_on_after_the_last_event_it_names(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.ids._Last.tick", 0)  # other tests were in the future
    who, old = registration(alice), notify(alice)
    clock.move(feeding.OVERLAP_SECONDS * 2)
    last, new = notify(alice), notify(alice)

    async def listen() -> list[bytes]:
        async with aclosing(stream(who, floor_after(str(last.pk)))) as events:
            return await heard(events, 4, seconds=1)

    got = ids(asyncio.run(listen()))
    assert str(old.pk) not in got
    assert str(new.pk) in got
    assert floor_after("") is floor_after("nothing") is None


def test_row_that_is_committed_after_a_younger_one_is_still_sent(alice: Person) -> None:
    who, late_id = registration(alice), uuid7()
    young = notify(alice)

    def commit_late() -> None:
        Notification.objects.create(
            id=late_id,
            registration_id=who,
            subject="Updated@Notifier",
            correlation=uuid4(),
            message={},
            created_at=clock.now() - timedelta(seconds=3),
        )

    async def listen() -> list[bytes]:
        async with aclosing(stream(who, None)) as events:
            first = await heard(events, 2)
            await elsewhere(commit_late)
            return first + await heard(events, 1)

    assert ids(asyncio.run(listen())) == [str(young.pk), str(late_id)]


def test_page_that_falls_behind_is_told_to_connect_again(alice: Person) -> None:
    who = registration(alice)

    async def listen() -> bool:
        listener = feed.listen(who, None)
        try:
            for _ in range(feeding.QUEUE):
                listener.put(b"event")
            assert not listener.closed
            listener.put(b"one too many")
            return listener.closed
        finally:
            feed.leave(listener)

    assert asyncio.run(listen())


def test_of_too_many_pages_of_a_wallet_the_oldest_ends(alice: Person, bob: Person) -> None:
    who, other = registration(alice), registration(bob)

    async def listen() -> list[bool]:
        listeners = [feed.listen(each, None) for each in [other, *[who] * 5]]
        try:
            return [listener.closed for listener in listeners]
        finally:
            for listener in listeners:
                feed.leave(listener)

    assert asyncio.run(listen()) == [False, True, False, False, False, False]


class Client:
    """One HTTP exchange with the ASGI application, which the client can leave."""

    def __init__(self, person: Person) -> None:
        headers = [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")]
        given = signed(person, "GET", STREAM)
        headers += [(name.lower().encode(), text.encode()) for name, text in given.items()]
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": STREAM,
            "query_string": b"",
            "headers": headers,
        }
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.asked = False

    async def receive(self) -> dict[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b""}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.sent.put(message)


def test_listener_holds_no_thread_and_is_forgotten_when_its_page_goes(alice: Person) -> None:
    application = ThreadHandler()

    async def visit() -> None:
        client = Client(alice)
        serving = asyncio.create_task(application(client.scope, client.receive, client.send))
        start = await asyncio.wait_for(client.sent.get(), 5)
        assert start["status"] == 200
        assert (b"Content-Type", b"text/event-stream") in start["headers"]
        assert (await asyncio.wait_for(client.sent.get(), 5))["body"] == b": welcome\n\n"
        assert len(application.threads.idle) == 1  # the thread that answered is free again
        assert len(feed._listeners) == 1
        client.gone.set()
        await asyncio.wait_for(serving, 5)
        assert feed._listeners == []

    try:
        asyncio.run(visit())
    finally:
        for thread in application.threads.idle:
            thread.submit(connections.close_all).result()
            thread.shutdown()


def test_full_house_is_said_so(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "MOST", 0)
    headers = signed(alice, "GET", STREAM) | {"Accept": "text/event-stream"}
    assert Browser().get(STREAM, headers=headers).status_code == 503
    assert Browser().get(STREAM, headers={"Accept": "text/event-stream"}).status_code == 401
