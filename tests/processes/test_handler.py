"""The web process's threads: one for each request at once, kept with their connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from config import handler
from config.handler import ThreadHandler

pytestmark = pytest.mark.django_db(transaction=True)

together = threading.Barrier(3)
seen: list[tuple[int, int]] = []


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


urlpatterns = [
    path("note", note),
    path("meet", meet),
    path("fail", fail),
    path("stream", stream),
    path("file", file),
]


async def ask(application: ThreadHandler, url: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send one request; return status and body of the answer."""
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body}]
    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": url, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


@pytest.fixture
def application(settings: Any) -> Any:
    """The handler with the views of this file, in a process of its own as far as threads go."""
    seen.clear()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name.lower()]
    with override_settings(ROOT_URLCONF=__name__):
        made = ThreadHandler()
        yield made
        for thread in made._idle:
            thread.submit(connections.close_all).result()
            thread.shutdown()


def test_next_request_finds_the_thread_and_its_connection(application: ThreadHandler) -> None:
    async def twice() -> None:
        assert await ask(application, "/note", b"hello") == (200, b"hello")
        assert await ask(application, "/note", b"again") == (200, b"again")

    asyncio.run(twice())
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_requests_at_once_have_a_thread_each(
    application: ThreadHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "IDLE", 2)

    async def three() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(ask(application, "/meet") for _ in range(3)))

    assert asyncio.run(three()) == [(200, b"")] * 3
    assert len({thread for thread, _ in seen}) == 3
    assert len(application._idle) == 2


def test_fault_of_a_view_is_an_answer(application: ThreadHandler) -> None:
    assert asyncio.run(ask(application, "/fail"))[0] == 500
    assert asyncio.run(ask(application, "/nowhere"))[0] == 404


def test_answer_may_come_in_parts(application: ThreadHandler) -> None:
    assert asyncio.run(ask(application, "/stream")) == (200, b"one two")


def test_file_is_read_piece_by_piece_in_the_thread_of_its_request(
    application: ThreadHandler,
) -> None:
    assert asyncio.run(ask(application, "/file")) == (200, b"one two")
    assert len(seen) == 4 and len(set(seen)) == 1


def test_anything_but_http_is_refused(application: ThreadHandler) -> None:
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(application({"type": "websocket"}, None, None))
