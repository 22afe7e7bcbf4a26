"""Odd values of a header or body, well signed, at every door: an answer, never a 500, and nothing
claimed, held or taken is left behind. On both stores."""

from __future__ import annotations

import json
import os
import urllib.parse
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging import clock, inbox, peer_keys
from messaging.canonical import canonical_bytes, sha256_hex
from messaging.models import InboxMessage, KeyLookup
from messaging.registry import subjects
from messaging.signing import PrivateKey
from scripts.models import Run
from tests.messaging.dns_server import Zone, dns_server
from tests.person import BROKER, Person
from tests.pump import pump
from tests.wallets.test_api import signed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
EXAMPLES = int(os.environ.get("ODD_EXAMPLES", "100"))
MANY = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
KEY = PrivateKey.generate()

LABELS = [
    "a",
    "a" * 63,
    "a" * 64,
    "xn--a",
    "xn--",
    "-a",
    "a-",
    "*",
    "_dmarc",
    "0",
    "\u00e9",
    "a" * 61,
]
TOP = ["test", "t", "xn--p1ai", "123", "localhost", "test.", "dom", "a" * 63, "TEST"]


def domains() -> st.SearchStrategy[str]:
    """Names, most of them well-formed, up to and beyond what DNS can have."""
    parts = st.lists(st.sampled_from(LABELS), min_size=0, max_size=6)
    return st.builds(lambda some, top: ".".join([*some, top]), parts, st.sampled_from(TOP))


def odd_texts() -> st.SearchStrategy[str]:
    known = [
        "",
        " ",
        "\u0000",
        "\ud800",
        "\u202e",
        "%00",
        "'",
        "127.0.0.1",
        "[::1]",
        "a@b",
        "." * 253,
    ]
    return st.one_of(st.sampled_from(known), st.text(max_size=300))


NAMES = st.one_of(domains(), odd_texts(), st.just(BROKER), st.just("Anonymous"))
SELECTORS = st.one_of(
    st.sampled_from(["pw1", "a" * 63, "a" * 64, "PW1", "*", "_", "-", "", "pw1.x", "\u00e9"]),
    odd_texts(),
)
IDS = st.one_of(
    st.uuids().map(str),
    st.sampled_from(["0" * 36, str(UUID(int=0)), str(UUID(int=2**128 - 1)), "-" * 36]),
    odd_texts(),
)
TIMES = st.one_of(
    st.sampled_from(
        [
            "now",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T23:59:60Z",
            "2026-01-01T00:00:00+14:00",
            "\u0662\u0660\u0662\u0666-01-01T00:00:00Z",
        ]
    ),
    st.just("now"),
    odd_texts(),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), odd_texts(), IDS, TIMES, domains()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(odd_texts(), inner, max_size=4)
    ),
    max_leaves=8,
)
BODIES = st.dictionaries(
    st.sampled_from(
        [
            "Wallet",
            "Chat",
            "Prompt",
            "Token",
            "Issuer",
            "Hook",
            "Locator",
            "Inputs",
            "Result",
            "Answer",
            "PublicKey",
            "Sender",
            "Domain",
            "DKIM",
            "Sets",
            "Updates",
            "Status",
            "Expires",
            "Until",
            "Starts",
            "Schema",
            "Language",
            "Appendix",
            "Path",
        ]
    ),
    VALUES,
    max_size=6,
)


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


def message(header: dict[str, Any], body: Any, key: PrivateKey) -> bytes:
    """Return a message signed as it is; where that cannot be signed, with a proof of nothing."""
    content = {"Header": header, "Body": body}
    try:
        data = canonical_bytes(content)
        proof = {"Hash": sha256_hex(data), "Signature": key.sign(data)}
    except ValueError:
        proof = {"Hash": "0" * 64, "Signature": "x"}
    return json.dumps(content | proof).encode()


def nothing_is_left() -> None:
    """Neither a claim of a look-up, nor a slot, nor a run that nobody can end."""
    assert not KeyLookup.objects.filter(claimed_until__gt=clock.now()).exists()
    assert peer_keys.IN_FLIGHT.taken_now == 0
    assert not Run.objects.filter(state="QUARANTINED").exists()
    assert not InboxMessage.objects.filter(response_status__gte=500).exists()


def header_of(sender: str, to: str, subject: str, correlation: str, at: str, selector: str) -> Any:
    return {
        "Schema": "pollyweb.org/MSG:1.0",
        "From": sender,
        "To": to,
        "Subject": subject,
        "Correlation": correlation,
        "Timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ") if at == "now" else at,
        **({"Selector": selector} if selector else {}),
    }


def test_odd_headers_of_strangers_are_answered_and_leave_nothing(
    places: list[str], zone: Zone
) -> None:
    @MANY
    @given(NAMES, st.one_of(st.just(BROKER), NAMES), IDS, TIMES, SELECTORS, BODIES)
    def play(sender: str, to: str, correlation: str, at: str, selector: str, body: Any) -> None:
        header = header_of(sender, to, "Offered@Issuer", correlation, at, selector)
        assert inbox.receive(message(header, body, KEY)).status in {200, 400, 401, 403, 422, 503}

    play()
    # Of those that the checks leave through as far as DNS, some are as long as a name can be.
    for length in range(225, 254):
        name = ".".join(["a" * 61] * 4)[: length - 5].rstrip(".") + ".test"
        for selector in ("pw1", "a" * 63):
            header = header_of(
                name, BROKER, "Offered@Issuer", str(UUID(int=length)), "now", selector
            )
            status = inbox.receive(message(header, {}, KEY)).status
            assert status == 401, (length, selector, status)
    nothing_is_left()


def test_odd_bodies_of_a_wallet_are_answered_and_leave_nothing(alice: Person) -> None:
    mine = [
        name for name, subject in subjects().items() if "Broker" in name and subject.key is not None
    ]

    @MANY
    @given(st.sampled_from(sorted(mine)), BODIES)
    def play(subject: str, body: dict[str, Any]) -> None:
        header = header_of(alice.wallet, BROKER, subject, str(UUID(int=hash_of(body))), "now", "")
        status = inbox.receive(message(header, body, alice.key)).status
        assert status in {200, 400, 403, 404, 422}, (subject, body)

    play()
    pump()
    nothing_is_left()


def hash_of(body: Any) -> int:
    return int(sha256_hex(repr(body).encode(errors="replace"))[:30], 16)


QUERIES = st.dictionaries(
    st.sampled_from(["wait", "limit", "x"]),
    st.one_of(
        st.sampled_from(["nan", "inf", "-0", "1e308", "0x1", "9" * 400, "\u0661", "", "\x00"]),
        odd_texts().filter(lambda text: "\ud800" not in text),
    ),
)


def test_odd_requests_of_a_wallet_are_answered(alice: Person) -> None:
    client = Client(raise_request_exception=False)

    @MANY
    @given(QUERIES)
    def ask(query: dict[str, str]) -> None:
        path = "/wallet/notifications"
        if query:
            path += "?" + urllib.parse.urlencode(query, errors="replace")
        wait = query.get("wait", "")
        if wait.strip().isdecimal() and 0 < float(wait) <= 25:
            return  # an honest wait
        answer = client.get(path, headers=signed(alice, "GET", path))
        assert answer.status_code in {200, 400, 401}, (path, answer.status_code)

    @MANY
    @given(
        st.sampled_from(
            ["notifications/acknowledge", "push/subscribe", "push/unsubscribe", "relay"]
        ),
        st.one_of(
            VALUES,
            st.dictionaries(st.sampled_from(["IDs", "Endpoint"]), VALUES),
            st.fixed_dictionaries({"IDs": st.lists(VALUES, max_size=3)}),
        ),
    )
    def post(door: str, value: Any) -> None:
        path, raw = f"/wallet/{door}", json.dumps(value).encode()
        headers = signed(alice, "POST", path, raw)
        answer = client.post(path, raw, content_type="application/json", headers=headers)
        assert answer.status_code in {200, 400, 404, 413, 422, 502}, (path, raw, answer.content)

    ask()
    post()


RAW = [
    b"[" * 100_000,
    b'{"IDs":' * 5000,
    b"9" * 10_000,
    b'{"IDs": [' + b"9" * 5000 + b"]}",
    b'{"IDs": ["\\ud800"]}',
    b'{"Endpoint": "\\ud800"}',
    b'{"Endpoint": "https://[::1"}',
    b'{"Endpoint": "https://a:99999999/"}',
    b'{"Endpoint": "https://\\u0000.test/"}',
    b"\xff\xfe",
    b"NaN",
    b'{"IDs": NaN}',
    b"\x00",
    b"",
]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
@pytest.mark.parametrize(
    "path",
    [
        "/inbox",
        "/wallet/notifications/acknowledge",
        "/wallet/push/subscribe",
        "/wallet/push/unsubscribe",
        "/wallet/relay",
    ],
)
def test_bytes_that_are_no_request_are_a_fault_of_their_sender(
    alice: Person, path: str, raw: bytes
) -> None:
    client = Client(raise_request_exception=False)
    headers = signed(alice, "POST", path, raw)
    answer = client.post(path, raw, content_type="application/json", headers=headers)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.content[:200])


ODD_HEADERS = ["", "\u00e9", "\x00", "x" * 5000, "\ud800", "0" * 36, "2026-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    "name", ["Wallet", "Wallet-Notifier", "Wallet-Timestamp", "Wallet-Signature"]
)
@pytest.mark.parametrize("value", ODD_HEADERS, ids=range(len(ODD_HEADERS)))
@pytest.mark.parametrize("path", ["/wallet/notifications", "/wallet/stream"])
def test_odd_proof_of_a_request_is_none(alice: Person, path: str, name: str, value: str) -> None:
    client = Client(raise_request_exception=False)
    headers = {**signed(alice, "GET", path), name: value}
    assert client.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize("value", [*ODD_HEADERS, str(UUID(int=2**128 - 1)), str(UUID(int=0))])
def test_odd_last_event_is_passed_over(alice: Person, value: str) -> None:
    client = Client(raise_request_exception=False)
    headers = {**signed(alice, "GET", "/wallet/stream"), "Last-Event-ID": value}
    answer = client.get("/wallet/stream", headers=headers)
    assert answer.status_code == 200 and answer.streaming
    answer.close()
