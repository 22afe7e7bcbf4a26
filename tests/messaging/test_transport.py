"""Posting to peers, against real servers on the loopback: limits, refusals, TLS."""

from __future__ import annotations

import datetime
import socket
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from messaging import transport
from messaging.errors import Unreachable
from messaging.transport import LARGEST_ANSWER, Reply, inbox_url, post
from tests.messaging.peer_server import PeerServer, answers, peer_server

PEER = "broker.test"


@pytest.fixture
def server(settings: Any) -> Iterator[PeerServer]:
    with peer_server() as server:
        settings.PEER_ROUTES = [f"*.test={server.base}"]
        settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
        yield server


def test_message_is_posted_to_the_inbox(server: PeerServer) -> None:
    server.behaviours = [answers(422, b'{"Error":"no"}')]
    assert post(PEER, b'{"A":1}') == Reply(422, b'{"Error":"no"}')
    assert (server.received, server.paths) == ([b'{"A":1}'], ["/inbox"])


def test_inbox_is_at_pw_unless_routed(settings: Any) -> None:
    settings.PEER_ROUTES = ["a.test=http://127.0.0.1:1/", "*.test=https://localhost:2"]
    assert inbox_url("A.test") == "http://127.0.0.1:1/inbox"
    assert inbox_url("b.test") == "https://localhost:2/inbox"
    assert inbox_url("Theatre.example") == "https://pw.theatre.example/inbox"


@pytest.mark.parametrize("entry", ["*.test", "*.test=127.0.0.1:80", "*.test=file:///etc/passwd"])
def test_route_that_is_none_is_refused(settings: Any, entry: str) -> None:
    settings.PEER_ROUTES = [entry]
    with pytest.raises(ValueError, match="PEER_ROUTES"):
        inbox_url(PEER)


def test_redirect_is_not_followed(server: PeerServer) -> None:
    server.behaviours = [answers(307, b"", Location=f"{server.base}/elsewhere")]
    assert post(PEER, b"{}").status == 307
    assert server.paths == ["/inbox"]


def test_proxy_of_the_environment_is_not_used(
    server: PeerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(PEER, b"{}").status == 200


def test_loopback_is_refused_unless_allowed(server: PeerServer, settings: Any) -> None:
    settings.OUTGOING_ALLOW = []
    with pytest.raises(Unreachable, match="not on the public internet"):
        post(PEER, b"{}")
    assert server.received == []


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[tuple[str, int]]:
    """Play the name server: the network edge of this test."""
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int, **rest: Any) -> list[Any]:
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (entry, port)) for entry in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["1.1.1.1", "::1"], []]
)
def test_name_that_points_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Any, addresses: list[str]
) -> None:
    settings.OUTGOING_ALLOW = []
    asked = resolve_to(monkeypatch, *addresses)
    with pytest.raises(Unreachable, match="not on the public internet"):
        post("charlie.test", b"{}")
    assert asked == [("pw.charlie.test", 443)]


def test_name_without_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **rest: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unreachable, match="has no address"):
        post("charlie.test", b"{}")


def test_closed_port_is_unreachable(settings: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.PEER_ROUTES = [f"*.test=http://127.0.0.1:{port}"]
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    with pytest.raises(Unreachable, match="ConnectError"):
        post(PEER, b"{}")


def test_large_answer_is_refused(server: PeerServer) -> None:
    server.behaviours = [answers(200, b"x" * LARGEST_ANSWER)]
    assert len(post(PEER, b"{}").body) == LARGEST_ANSWER
    server.behaviours = [answers(200, b"x" * (LARGEST_ANSWER + 1))]
    with pytest.raises(Unreachable, match="larger than"):
        post(PEER, b"{}")


def drip(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
    """Send one byte at a time, each in time, and never end."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.02)
    except OSError:
        return


def test_slow_answer_ends_at_the_deadline(
    server: PeerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)
    server.behaviours = [drip]
    began = time.monotonic()
    with pytest.raises(Unreachable):
        post(PEER, b"{}")
    assert time.monotonic() - began < 1.5


def hang_up(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
    handler.close_connection = True


def test_lost_answer_is_unreachable(server: PeerServer) -> None:
    server.behaviours = [hang_up]
    with pytest.raises(Unreachable):
        post(PEER, b"{}")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A certificate for localhost that this machine trusts during the test."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    transport.tls_context.cache_clear()
    yield context
    transport.tls_context.cache_clear()


def test_certificate_must_be_for_the_host(certificate: ssl.SSLContext, settings: Any) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8", "::1/128"]
    with peer_server(certificate) as server:
        settings.PEER_ROUTES = [
            f"broker.test=https://localhost:{server.port}",
            f"charlie.test=https://127.0.0.1:{server.port}",
        ]
        assert post(PEER, b"{}").status == 200
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            post("charlie.test", b"{}")
        assert len(server.received) == 1


def test_certificate_that_nobody_vouches_for_is_refused(
    certificate: ssl.SSLContext, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    transport.tls_context.cache_clear()
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    with peer_server(certificate) as server:
        settings.PEER_ROUTES = [f"broker.test=https://localhost:{server.port}"]
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            post(PEER, b"{}")
