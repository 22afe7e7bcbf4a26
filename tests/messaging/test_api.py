"""POST /inbox over HTTP: bytes in, the inbox's answer out, and what the framework refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from messaging.models import InboxMessage, Refusal
from tests.messaging.parties import THEATRE, Desk, Peer

# Static files are collected in deployments only; serving them is not what is tried here.
pytestmark = pytest.mark.filterwarnings("ignore:No directory at:UserWarning")
JSON = "application/json"


def post(client: Client, raw: bytes, content_type: str = JSON) -> tuple[int, Any]:
    response = client.post("/inbox", raw, content_type=content_type)
    assert response["Content-Type"] == JSON
    return response.status_code, response.json()


def test_message_is_taken(client: Client, broker: Peer, desk: Desk) -> None:
    assert post(client, broker.message("Offered@Issuer", {"Name": "Zoë"})) == (200, {})
    assert len(desk.started) == 1


def test_sync_message_is_answered(client: Client, broker: Peer) -> None:
    status, body = post(client, broker.message("Status@Broker"))
    assert (status, body["Response"]["Header"]["From"]) == (200, THEATRE)


def test_content_type_may_name_its_charset(client: Client, broker: Peer) -> None:
    raw = broker.message("Offered@Issuer")
    assert post(client, raw, "Application/JSON; charset=utf-8") == (200, {})


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_type_is_refused(client: Client, broker: Peer, content_type: str) -> None:
    status, body = post(client, broker.message("Offered@Issuer"), content_type)
    assert (status, body.keys()) == (415, {"Error"})
    assert not InboxMessage.objects.exists()


@pytest.mark.parametrize("raw", [b" ", b"{", b"[1,2]"])
def test_nonsense_is_refused(client: Client, theatre: str, raw: bytes) -> None:
    status, body = post(client, raw)
    assert status in (400, 422)
    assert body.keys() == {"Error"}


def test_large_body_is_refused_and_not_read_to_its_end(
    client: Client, theatre: str, settings: Any
) -> None:
    settings.MESSAGE_MAX_BYTES = 100
    assert post(client, b" " * 10**7) == (400, {"Error": "Malformed"})
    assert Refusal.objects.get().reason == "json"


def test_only_post_is_allowed(client: Client, theatre: str) -> None:
    for method in (client.get, client.put, client.delete):
        response = method("/inbox")
        assert (response.status_code, response.json().keys()) == (405, {"Error"})


def test_rate_of_one_address_is_limited(client: Client, broker: Peer, settings: Any) -> None:
    settings.INBOX_RATE = "2/min"
    statuses = [post(client, broker.message("Offered@Issuer"))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert InboxMessage.objects.count() == 2


def test_inbox_is_documented(tmp_path: Any) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--file", str(file), "--validate", "--urlconf", "messaging.urls")
    text = file.read_text()
    for status in (200, 400, 401, 403, 405, 415, 422, 429, 500, 503, 504):
        assert f"'{status}':" in text
