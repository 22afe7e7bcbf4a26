"""Bodies that do not come, or do not end, at a real server: the sender is answered and let go."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from config import handler
from config.handler import ThreadHandler
from config.management.commands.up import listen

HEAD = b"POST /inbox HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server that has no view to come to: what is refused here is refused before."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(ThreadHandler(), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the answer, which must be the last on this connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    assert connection.recv(1) == b""
    return response.status, body


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize(
    "sent",
    [LENGTH % 1000, LENGTH % 1000 + b"{", CHUNKED, CHUNKED + b"1\r\n{\r\n"],
    ids=["nothing", "one byte", "no chunk", "one chunk"],
)
def test_body_that_does_not_come_is_not_waited_for(
    port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "BODY_SECONDS", 0.3)
    with opened(port) as connection:
        connection.sendall(sent)
        assert answer(connection) == (408, b'{"Error": "Too slow"}')


def test_body_that_drips_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "BODY_SECONDS", 0.5)
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not stop.wait(0.05):
            try:
                connection.sendall(b"1\r\n \r\n")
            except OSError:
                return

    with opened(port) as connection:
        connection.sendall(CHUNKED)
        dripping = threading.Thread(target=drip, args=(connection,))
        dripping.start()
        response = http.client.HTTPResponse(connection)
        response.begin()
        stop.set()
        dripping.join()
        assert (response.status, response.read()) == (408, b'{"Error": "Too slow"}')


def test_body_without_end_is_not_read(port: int) -> None:
    megabyte = b"%x\r\n" % 1_000_000 + b" " * 1_000_000 + b"\r\n"
    with opened(port) as connection:
        connection.sendall(CHUNKED)
        connection.settimeout(10)
        # What the two sockets keep for a reader that is gone is far less than this.
        with pytest.raises(OSError, match=r"reset|[Bb]roken|timed out"):
            for _ in range(64):
                connection.sendall(megabyte)


def test_large_body_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "LARGEST_BODY", 1000)
    with opened(port) as connection:
        connection.sendall(LENGTH % 5000 + b" " * 1001)
        assert answer(connection) == (413, b'{"Error": "Too large"}')
