"""What a hostile person has on the internet, here on loopback: a name server, and servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from messaging.dns_keys import record_name, record_value
from messaging.signing import PrivateKey

EVIL = "evil.test"  # a domain of theirs whose key is in DNS and whose inbox answers
SILENT = "silent.test"  # names below it lead to a server that never says a word
SLOW = "slow.test"  # names below it have name servers that never answer


@dataclass(frozen=True)
class Outside:
    """Where these are, and the key of EVIL."""

    resolver: str
    answering: int
    silent: int
    key: PrivateKey

    def environment(self) -> dict[str, str]:
        """Return what makes a server look for the domains of this internet here."""
        routes = [
            f"{EVIL}=http://127.0.0.1:{self.answering}",
            f"*.{SILENT}=http://127.0.0.1:{self.silent}",
        ]
        return {
            "DNS_RESOLVERS": self.resolver,
            "PEER_ROUTES": ",".join(routes),
            "OUTGOING_ALLOW": "127.0.0.0/8",
        }


@contextmanager
def outside() -> Iterator[Outside]:
    """Have them until the block ends."""
    key = PrivateKey.generate()
    names = _name_server(key)
    answering = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as silent:
        held: list[socket.socket] = []
        for serve in (names.serve_forever, answering.serve_forever, lambda: _hold(silent, held)):
            threading.Thread(target=serve, daemon=True).start()
        try:
            yield Outside(
                f"127.0.0.1:{names.server_address[1]}",
                answering.server_address[1],
                silent.getsockname()[1],
                key,
            )
        finally:
            for server in (names, answering):
                server.shutdown()
                server.server_close()
            for each in held:
                each.close()


def _hold(listener: socket.socket, held: list[socket.socket]) -> None:
    with suppress(OSError):  # it is closed in the end
        while True:
            held.append(listener.accept()[0])


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _name_server(key: PrivateKey) -> ThreadingUDPServer:
    record = dns.rrset.from_text(
        f"{record_name(EVIL, 'pw1')}.", 600, "IN", "TXT", f'"{record_value(key.public)}"'
    )
    known = {f"pw.{EVIL}.": None, record.name.to_text(): record}

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            data, answering = self.request
            query = dns.message.from_wire(data)
            name = query.question[0].name.to_text()
            if name.endswith(f".{SLOW}."):
                return
            response = dns.message.make_response(query, recursion_available=True)
            response.flags |= dns.flags.AD
            if name not in known:
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif (found := known[name]) is not None and query.question[0].rdtype == found.rdtype:
                response.answer.append(found)
            answering.sendto(response.to_wire(), self.client_address)

    return ThreadingUDPServer(("127.0.0.1", 0), Handler)
