"""A real HTTP server on the loopback, playing the inbox of a peer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


def answers(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    """Return a behaviour that answers with this."""

    def behave(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@dataclass
class PeerServer:
    """What was posted so far, and how the next posts are answered (the last one for ever)."""

    port: int
    behaviours: list[Behaviour] = field(default_factory=lambda: [answers(200)])
    received: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next_behaviour(self) -> Behaviour:
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


@contextmanager
def peer_server(context: Any = None) -> Iterator[PeerServer]:
    """Serve until the block ends; with TLS when given an SSL context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append(raw)
            state.paths.append(self.path)
            state.next_behaviour()(self, raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state = PeerServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
