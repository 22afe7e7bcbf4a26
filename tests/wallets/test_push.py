"""Web Push, the server's half, against a push service on the loopback behind TLS."""

from __future__ import annotations

import base64
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from messaging import clock, transport
from messaging.ids import uuid4
from tests.messaging.peer_server import PeerServer, answers, peer_server
from tests.messaging.tls_server import make_certificate
from tests.person import NOTIFIER, Person
from tests.wallets.test_api import signed
from wallets import push, vapid
from wallets.checks import check_push
from wallets.models import Notification, Registration, Subscription
from wallets.services import acknowledge, keep_notification

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT = "mailto:ops@theatre.test"
HOST = "push.test"
SUBSCRIBE, UNSUBSCRIBE = "/wallet/push/subscribe", "/wallet/push/unsubscribe"


@pytest.fixture
def key(settings: Any) -> str:
    """Web Push is on; return the public key as browsers are told it."""
    settings.VAPID_PRIVATE_KEY, settings.VAPID_CONTACT = vapid.new_key(), CONTACT
    return push.public_key()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], float | None]]:
    """The tasks that were rung for, and after how many seconds they are heard."""
    bells: list[tuple[str, list[str], float | None]] = []

    def record(app: Any, name: str, args: list[str], **options: Any) -> None:
        bells.append((name, args, options["countdown"]))

    monkeypatch.setattr("celery.Celery.send_task", record)
    return bells


@dataclass
class PushService:
    """A vendor's push service, and the headers of what it was posted."""

    server: PeerServer
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"https://{HOST}:{self.server.port}"

    def answers(self, *statuses: int) -> None:
        """Answer with these, the last one for ever."""
        self.server.behaviours = [self._noting(answers(status, b"")) for status in statuses]

    def _noting(self, behave: Any) -> Any:
        def noted(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
            self.headers.append(dict(handler.headers))
            behave(handler, raw)

        return noted


@pytest.fixture
def service(
    key: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PushService]:
    """A push service that this machine finds, trusts and may reach."""
    certificate = make_certificate(tmp_path, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport.tls_context.cache_clear()
    resolve(monkeypatch, "127.0.0.1")
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    with peer_server(context) as server:
        made = PushService(server)
        made.answers(201)
        yield made
    transport.tls_context.cache_clear()


def resolve(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the push service's name stand for this address."""
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        return real(address if host == HOST else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def registered(person: Person) -> Registration:
    return Registration.objects.get(wallet=person.wallet)


def notify(person: Person) -> Notification:
    return keep_notification(
        NOTIFIER,
        wallet=person.wallet,
        subject="Prompt@Notifier",
        correlation=str(uuid4()),
        message={"Header": {}},
    )


def ask(person: Person, path: str, endpoint: str) -> Any:
    body = json.dumps({"Endpoint": endpoint}).encode()
    headers = signed(person, "POST", path, body)
    return Client().post(path, data=body, content_type="application/json", headers=headers)


def wake(person: Person) -> int:
    return push.wake(str(registered(person).pk))


def subscribed(person: Person, service: PushService, name: str = "phone") -> str:
    """Subscribe a browser of this name, with something that waits; return its endpoint."""
    endpoint = f"{service.origin}/{name}"
    assert ask(person, SUBSCRIBE, endpoint).status_code == 200
    notify(person)
    return endpoint


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(header: str, key: str, *, tampered: bool = False) -> dict[str, Any]:
    """Return what a push's Authorization says, after checking it as a push service does."""
    scheme, _, rest = header.partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, fields["k"]) == ("vapid", key)
    head, body, signature = fields["t"].split(".")
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = decoded(signature)
    assert len(raw) == 64
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    data = f"{head}.{body}{'x' if tampered else ''}".encode()
    public.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    return dict(json.loads(decoded(body)))


def test_push_is_signed_for_its_service_and_carries_nothing(
    alice: Person, service: PushService, key: str
) -> None:
    subscribed(alice, service)
    assert wake(alice) == 1
    assert (service.server.received, service.server.paths) == ([b""], ["/phone"])
    [headers] = service.headers
    said = claims(headers["Authorization"], key)
    assert (said["aud"], said["sub"]) == (service.origin, CONTACT)
    assert 0 < said["exp"] - clock.now().timestamp() <= 24 * 3600
    assert (headers["TTL"], headers["Content-Length"]) == ("86400", "0")
    with pytest.raises(InvalidSignature):
        claims(headers["Authorization"], key, tampered=True)


def test_notification_rings_once_it_is_committed_and_only_for_who_subscribed(
    alice: Person,
    bob: Person,
    service: PushService,
    rung: list[tuple[str, list[str], float | None]],
) -> None:
    ask(alice, SUBSCRIBE, f"{service.origin}/phone")
    with pytest.raises(ValueError, match="undone"), transaction.atomic():
        notify(alice)
        raise ValueError("undone")
    with transaction.atomic():
        notify(alice)
        notify(bob)
        assert rung == []
    assert rung == [("wallets.push", [str(registered(alice).pk)], push.AFTER_SECONDS)]
    assert service.server.received == []  # nothing is posted by whoever stores


def test_wallet_that_has_fetched_is_left_in_peace(alice: Person, service: PushService) -> None:
    subscribed(alice, service)
    ids = Notification.objects.values_list("pk", flat=True)
    acknowledge(registered(alice), [str(pk) for pk in ids])
    assert wake(alice) == 0 and service.server.received == []


def test_one_push_a_minute_until_the_wallet_fetches(alice: Person, service: PushService) -> None:
    subscribed(alice, service)
    assert [wake(alice), wake(alice)] == [1, 0]
    acknowledge(registered(alice), [str(notify(alice).pk)])
    assert [wake(alice), wake(alice)] == [1, 0]
    clock.move(61)
    assert [wake(alice), wake(alice)] == [1, 0]


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_is_gone_is_forgotten(
    alice: Person, service: PushService, status: int
) -> None:
    subscribed(alice, service, "old")
    kept = subscribed(alice, service, "new")
    service.answers(status, 201)
    assert wake(alice) == 1
    assert [each.endpoint for each in Subscription.objects.all()] == [kept]


def test_browser_is_forgotten_after_failures_in_a_row(alice: Person, service: PushService) -> None:
    subscribed(alice, service)
    fails = [500] * (push.FAILURES - 1)
    service.answers(*fails, 201, *fails, 403)
    left = []
    for _ in range(2 * push.FAILURES):
        clock.move(61)
        wake(alice)
        left.append(Subscription.objects.count())
    assert left == [1] * (2 * push.FAILURES - 1) + [0]
    assert Notification.objects.filter(acknowledged_at=None).count() == 1


def test_service_that_does_not_answer_is_left_alone_for_a_while(
    alice: Person, service: PushService
) -> None:
    def hang_up(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        handler.close_connection = True

    subscribed(alice, service, "phone")
    subscribed(alice, service, "desk")
    service.server.behaviours = [hang_up]
    assert wake(alice) == 0
    assert len(service.server.received) == 1
    assert sorted(Subscription.objects.values_list("failures", flat=True)) == [0, 1]


def test_redirect_is_not_followed(alice: Person, service: PushService) -> None:
    subscribed(alice, service)
    service.server.behaviours = [answers(307, b"", Location=f"{service.origin}/inside")]
    assert wake(alice) == 0
    assert service.server.paths == ["/phone"]


def test_name_that_leads_inside_is_refused_when_it_is_posted_to(
    alice: Person, service: PushService, settings: Any
) -> None:
    subscribed(alice, service)
    settings.OUTGOING_ALLOW = []
    assert wake(alice) == 0
    assert service.server.received == []
    assert Subscription.objects.get().failures == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.test/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://localhost/a",
        "https://push.test:6379/a",
        "https://push.test:x/a",
        "https://alice@push.test/a",
        "https://push.test/a#b",
        "https://push.test/a b",
        "https://push.test/\r\nHost: inside",
        "https://[/a",
        "https:///a",
        "file:///etc/passwd",
        "",
        "https://push.test/" + "a" * push.LONGEST_ENDPOINT,
    ],
)
def test_endpoint_that_is_none_is_refused(alice: Person, key: str, endpoint: str) -> None:
    answer = ask(alice, SUBSCRIBE, endpoint)
    assert answer.status_code == 400 and list(answer.json()) == ["Endpoint"]
    assert not Subscription.objects.exists()


def test_browsers_of_a_wallet_are_few_and_each_is_there_once(alice: Person, key: str) -> None:
    for number in [0, 0, *range(1, push.MOST + 2)]:
        answer = ask(alice, SUBSCRIBE, f"https://push.test/{number}")
    assert answer.json() == {"Subscriptions": push.MOST}
    kept = {each.endpoint[-1] for each in Subscription.objects.all()}
    assert kept == {str(number) for number in range(2, push.MOST + 2)}


def test_browser_is_unsubscribed_by_its_own_wallet_only(
    alice: Person, bob: Person, key: str
) -> None:
    endpoint = "https://push.test/alice"
    assert ask(alice, SUBSCRIBE, endpoint).json() == {"Subscriptions": 1}
    assert ask(bob, UNSUBSCRIBE, endpoint).json() == {"Subscriptions": 0}
    assert Subscription.objects.count() == 1
    assert ask(alice, UNSUBSCRIBE, endpoint).json() == {"Subscriptions": 0}
    assert not Subscription.objects.exists()


def told_key(person: Person) -> Any:
    return Client().get("/wallet/push", headers=signed(person, "GET", "/wallet/push"))


def test_key_is_told_to_wallets_only(alice: Person, key: str) -> None:
    assert told_key(alice).json() == {"PublicKey": key}
    assert len(decoded(key)) == 65
    assert Client().get("/wallet/push").status_code == 401


def test_without_a_key_there_is_no_push(
    alice: Person, rung: list[tuple[str, list[str], float | None]], settings: Any
) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert told_key(alice).json() == {"PublicKey": ""}
    assert ask(alice, SUBSCRIBE, "https://push.test/a").status_code == 404
    row = Subscription(
        registration=registered(alice), endpoint="https://push.test/a", created_at=clock.now()
    )
    row.save()
    notify(alice)
    assert wake(alice) == 0
    assert rung == []


def test_command_prints_settings_that_pass_the_check(settings: Any) -> None:
    out = StringIO()
    call_command("pushkey", CONTACT, stdout=out)
    printed = dict(line.split("=", 1) for line in out.getvalue().splitlines())
    assert set(printed) == {"VAPID_PRIVATE_KEY", "VAPID_CONTACT"}
    for name, value in printed.items():
        setattr(settings, name, value)
    assert check_push() == []
    with pytest.raises(CommandError, match="mailto"):
        call_command("pushkey", "ops", stdout=out)


@pytest.mark.parametrize("text", ["x", "AAAA", "A" * 43, "_" * 43, "é" * 43, "!" * 43])
def test_key_that_is_none_is_said_at_start(settings: Any, text: str) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_CONTACT = text, "ops"
    found = check_push()
    assert [each.id for each in found] == ["wallets.E001", "wallets.E002"]
    assert text not in str(found[0].msg).split()
