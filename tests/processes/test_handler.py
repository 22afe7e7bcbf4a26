"""The web process's threads: a fixed number, kept with their connections; who waits holds none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from config import handler
from config.handler import ThreadHandler
from config.lanes import Threads
from messaging.later import later

pytestmark = pytest.mark.django_db(transaction=True)

together = threading.Barrier(3)
seen: list[tuple[int, int]] = []
ended: list[str] = []


def note(request: HttpRequest) -> HttpResponse:
    """Remember the thread and its connection."""
    connection.ensure_connection()
    seen.append((threading.get_ident(), id(connection.connection)))
    return HttpResponse(request.body)


def meet(request: HttpRequest) -> HttpResponse:
    """Answer when three are here."""
    together.wait(timeout=10)
    return note(request)


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of the view")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> Any:
        yield b"one "
        yield b"two"

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> StreamingHttpResponse:
    """Answer as a file does: by an iterator that reads, in the request's thread."""

    def pieces() -> Iterator[bytes]:
        for piece in (b"one ", b"", b"two"):
            seen.append((threading.get_ident(), 0))
            yield piece

    seen.append((threading.get_ident(), 0))
    return StreamingHttpResponse(pieces())


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(0.1)
    return note(request)


def takes_its_time(request: HttpRequest) -> HttpResponse:
    async def make() -> HttpResponse:
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return HttpResponse(b"done", status=201)

    return later(make)


urlpatterns = [
    path("slow", slow),
    path("later", takes_its_time),
    path("note", note),
    path("meet", meet),
    path("fail", fail),
    path("stream", stream),
    path("file", file),
]


async def ask(
    application: ThreadHandler,
    url: str,
    body: bytes = b"",
    *,
    stay: bool = False,
    whole: bool = True,
    into: list[Any] | None = None,
) -> tuple[int, bytes]:
    """Send one request; return status and body of the answer. Who does not `stay` leaves at once,
    and of what is not `whole` the rest never comes."""
    sent: list[dict[str, Any]] = [] if into is None else into
    messages = [{"type": "http.request", "body": body, "more_body": not whole}]
    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": url, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        if not messages and (stay or not whole):
            await asyncio.sleep(60)
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@pytest.fixture
def application(settings: Any) -> Any:
    """The handler with the views of this file, in a process of its own as far as threads go."""
    seen.clear()
    ended.clear()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name.lower()]
    with override_settings(ROOT_URLCONF=__name__):
        made = ThreadHandler()
        yield made
        for thread in made.threads.idle:
            thread.submit(connections.close_all).result()
            thread.shutdown()


def test_next_request_finds_the_thread_and_its_connection(application: ThreadHandler) -> None:
    async def twice() -> None:
        assert await ask(application, "/note", b"hello") == (200, b"hello")
        assert await ask(application, "/note", b"again") == (200, b"again")

    asyncio.run(twice())
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_requests_at_once_have_a_thread_each(application: ThreadHandler) -> None:
    async def three() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(ask(application, "/meet") for _ in range(3)))

    assert asyncio.run(three()) == [(200, b"")] * 3
    assert len({thread for thread, _ in seen}) == 3
    assert len(application.threads.idle) == 3


def test_more_requests_than_threads_wait_for_one_and_the_rest_are_told_to_come_again(
    application: ThreadHandler,
) -> None:
    application.threads = Threads(8, 8)

    async def many() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(ask(application, "/slow") for _ in range(20)))

    answers = asyncio.run(many())
    # Three of eight threads are for callers who have not proved themselves, and six may wait.
    assert [status for status, _ in answers].count(200) == 9
    assert [answer for answer in answers if answer[0] != 200] == [
        (503, b'{"Error": "Try again later"}')
    ] * 11
    assert len({thread for thread, _ in seen}) == 3
    assert application.threads.waiting_now == 0


def test_health_is_told_while_every_thread_is_taken(application: ThreadHandler) -> None:
    application.threads = Threads(1, 0)

    async def both() -> tuple[int, int, float]:
        busy = asyncio.ensure_future(ask(application, "/slow"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        healthy = await ask(application, "/health")
        took = time.monotonic() - began
        return (await busy)[0], healthy[0], took

    assert asyncio.run(both())[:2] == (200, 200)


def test_answer_that_takes_its_time_holds_no_thread(application: ThreadHandler) -> None:
    application.threads = Threads(8, 16)

    async def many() -> list[tuple[int, bytes]]:
        held = [asyncio.ensure_future(ask(application, "/later", stay=True)) for _ in range(9)]
        await asyncio.sleep(0.2)
        assert len(application.threads.idle) == application.threads._made
        assert (await ask(application, "/note", b"meanwhile"))[1] == b"meanwhile"
        return await asyncio.gather(*held)

    assert asyncio.run(many()) == [(201, b"done")] * 9


def test_who_leaves_an_answer_that_takes_its_time_ends_it(application: ThreadHandler) -> None:
    async def leaves() -> None:
        with pytest.raises(IndexError):  # nothing was sent
            await ask(application, "/later")

    asyncio.run(leaves())
    assert ended == ["cancelled"]


def test_headers_of_the_middleware_are_on_an_answer_made_later(application: ThreadHandler) -> None:
    sent: list[Any] = []
    asyncio.run(ask(application, "/later", stay=True, into=sent))
    names = {name.lower() for name, _ in sent[0]["headers"]}
    assert {b"x-frame-options", b"content-security-policy"} <= names


@pytest.mark.parametrize(("size", "status"), [(1_999_999, 200), (2_000_001, 413)])
def test_body_has_its_limit(application: ThreadHandler, size: int, status: int) -> None:
    assert asyncio.run(ask(application, "/note", b"x" * size))[0] == status


def test_large_bodies_of_one_address_come_to_so_much_at_once(
    application: ThreadHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "BODIES_MOST", 4_000_000)
    application.threads = Threads(4, 8)

    async def many() -> list[int]:
        large = [ask(application, "/slow", b"x" * 1_500_000) for _ in range(3)]
        small = [ask(application, "/slow", b"x" * 16_384) for _ in range(3)]
        return [status for status, _ in await asyncio.gather(*large, *small)]

    assert sorted(asyncio.run(many())) == [200, 200, 200, 200, 503, 503]
    assert application.bodies._held == {}


def test_body_that_does_not_come_to_its_end_is_given_up(
    application: ThreadHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "BODY_SECONDS", 0.1)
    assert asyncio.run(ask(application, "/note", b"x" * 20_000, whole=False))[0] == 408
    assert application.bodies._held == {}


def test_fault_of_a_view_is_an_answer(application: ThreadHandler) -> None:
    assert asyncio.run(ask(application, "/fail"))[0] == 500
    assert asyncio.run(ask(application, "/nowhere"))[0] == 404


def test_answer_may_come_in_parts(application: ThreadHandler) -> None:
    assert asyncio.run(ask(application, "/stream")) == (200, b"one two")


def test_file_is_read_outside_of_the_requests_threads(application: ThreadHandler) -> None:
    """Who takes it slowly holds none of them."""
    application.threads = Threads(1, 0)
    assert asyncio.run(ask(application, "/file")) == (200, b"one two")
    assert len(seen) == 4
    assert seen[0][0] not in {thread for thread, _ in seen[1:]}


def test_anything_but_http_is_refused(application: ThreadHandler) -> None:
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(application({"type": "websocket"}, None, None))
