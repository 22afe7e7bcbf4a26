"""A real DNS server on the loopback, playing the validating resolver."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class Zone:
    """What the resolver knows. Names without records answer NXDOMAIN."""

    address: str
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    ttl: int = 600
    validated: bool = True
    unvalidated: set[str] = field(default_factory=set)
    negative_ttl: int = 60
    pause: float = 0.0
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    asked: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, domain: str, selector: str, *values: str) -> None:
        self.records[f"pw.{domain}.", "DS"] = []
        self.records[f"{selector}._domainkey.pw.{domain}.", "TXT"] = list(values)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text()
        self.asked.append((name, kind))
        assert query.ednsflags & dns.flags.DO
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(self.rcode)
        time.sleep(self.pause)
        if self.validated and kind not in self.unvalidated:
            response.flags |= dns.flags.AD
        if (name, kind) not in self.records:
            response.set_rcode(self.rcode or dns.rcode.NXDOMAIN)
            soa = f"ns.test. hostmaster.test. 1 3600 600 86400 {self.negative_ttl}"
            response.authority.append(dns.rrset.from_text("test.", 10**7, "IN", "SOA", soa))
        elif self.records[name, kind]:
            values = self.records[name, kind]
            texts = [f'"{value}"' for value in values] if kind == "TXT" else values
            response.answer.append(dns.rrset.from_text(question.name, self.ttl, "IN", kind, *texts))
        return response


@contextmanager
def dns_server() -> Iterator[Zone]:
    """Serve until the block ends."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            response = zone.answer(dns.message.from_wire(data))
            socket.sendto(response.to_wire(), self.client_address)

    server = socketserver.UDPServer(("127.0.0.1", 0), Handler)
    zone = Zone(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield zone
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
