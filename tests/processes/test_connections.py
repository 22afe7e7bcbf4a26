"""Connections that say nothing, or do not listen, are let go; real sockets, a real uvicorn."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import uvicorn

from config import connections
from config.connections import BoundedProtocol

LARGE = b"x" * 8_000_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer at once: much at /large, little elsewhere."""
    body = LARGE if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.3)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http=BoundedProtocol, lifespan="off", log_level="critical", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()
    assert not BoundedProtocol.silent


def connected(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0))


def is_ended(connection: socket.socket, within: float) -> bool:
    connection.settimeout(within)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def answer(connection: socket.socket, path: str = "/") -> bytes:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    data = b""
    while not data.endswith(b"\r\n\r\nok"):
        data += connection.recv(1000)
    return data


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_headers_that_do_not_come_end_the_connection(port: int, said: bytes) -> None:
    with closing(connected(port)) as connection:
        connection.sendall(said)
        assert is_ended(connection, 2)


def test_dripped_headers_have_one_deadline(port: int) -> None:
    with closing(connected(port)) as connection:
        began = time.monotonic()
        with suppress(ConnectionError):
            connection.sendall(b"GET / HTTP/1.1\r\n")
            while time.monotonic() - began < 1.5:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)
        assert is_ended(connection, 1)


def test_dripped_headers_of_a_second_request_have_it_too(port: int) -> None:
    with closing(connected(port)) as connection:
        assert b"200" in answer(connection)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert is_ended(connection, 2)


def test_connection_that_is_used_lives(port: int) -> None:
    with closing(connected(port)) as connection:
        for _ in range(4):
            assert b"200" in answer(connection)
            time.sleep(0.2)


def test_answer_that_nobody_takes_ends_the_connection(port: int) -> None:
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(1)
        taken = 0
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                taken += len(piece)
        assert taken < len(LARGE)


def test_of_too_many_silent_ones_the_oldest_of_the_fullest_address_goes(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 20.0)
    monkeypatch.setattr(connections, "SILENT_MOST", 5)
    honest = connected(port)
    time.sleep(0.1)
    hostile = [connected(port, "127.0.0.2") for _ in range(8)]
    time.sleep(0.2)
    gone = [is_ended(each, 0.05) for each in hostile]
    assert gone == [True] * 4 + [False] * 4
    assert b"200" in answer(honest)
    for each in (honest, *hostile):
        each.close()
    time.sleep(0.2)


def test_beyond_the_most_there_is_none(port: int, settings: Any) -> None:
    settings.WEB_CONNECTIONS = 2
    first = [connected(port) for _ in range(2)]
    time.sleep(0.1)
    with closing(connected(port)) as third:
        assert is_ended(third, 0.2)
    assert b"200" in answer(first[0])
    for each in first:
        each.close()
    time.sleep(0.1)
