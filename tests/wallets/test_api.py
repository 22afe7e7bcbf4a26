"""The wallet's API: signed requests, a queue of one's own, and a long poll that ends in time."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from messaging import clock
from messaging.ids import uuid4
from messaging.signing import PrivateKey
from tests.person import NOTIFIER, Person
from tests.pruning import prune_all
from wallets.models import Notification, Registration
from wallets.request_signature import request_headers

QUEUE = "/wallet/notifications"
ACKNOWLEDGE = "/wallet/notifications/acknowledge"


def signed(
    person: Person, method: str, path: str, body: bytes = b"", key: PrivateKey | None = None
) -> dict[str, str]:
    """Return the headers of a request of a person's wallet."""
    return request_headers(
        key or person.key,
        method=method,
        path=path,
        notifier=NOTIFIER,
        wallet=person.wallet,
        body=body,
        now=clock.now(),
    )


def get(person: Person, path: str = QUEUE, **headers: str) -> Any:
    return Client().get(path, headers=headers or signed(person, "GET", path))


def post(person: Person, ids: list[str]) -> Any:
    body = json.dumps({"IDs": ids}).encode()
    headers = signed(person, "POST", ACKNOWLEDGE, body)
    return Client().post(ACKNOWLEDGE, data=body, content_type="application/json", headers=headers)


def notify(person: Person, subject: str = "Updated@Notifier") -> Notification:
    registration = Registration.objects.get(wallet=person.wallet)
    return Notification.objects.create(
        registration=registration,
        subject=subject,
        correlation=uuid4(),
        message={"Header": {}},
        created_at=clock.now(),
    )


def notify_from_a_thread(person: Person) -> None:
    try:
        notify(person)
    finally:
        connections.close_all()


def test_queue_is_kept_until_it_is_acknowledged(alice: Person) -> None:
    first, second = notify(alice, "Open@Notifier"), notify(alice)
    listed = get(alice).json()["Notifications"]
    assert [each["ID"] for each in listed] == [str(first.pk), str(second.pk)]
    assert post(alice, [str(first.pk)]).json() == {"Acknowledged": 1}
    assert [each["ID"] for each in get(alice).json()["Notifications"]] == [str(second.pk)]
    assert post(alice, [str(first.pk)]).json() == {"Acknowledged": 0}


def test_queue_of_another_is_neither_read_nor_acknowledged(alice: Person, bob: Person) -> None:
    mine = notify(alice)
    assert get(bob).json() == {"Notifications": []}
    assert post(bob, [str(mine.pk)]).json() == {"Acknowledged": 0}
    assert len(get(alice).json()["Notifications"]) == 1


def test_request_with_another_key_is_refused(alice: Person) -> None:
    headers = signed(alice, "GET", QUEUE, key=PrivateKey.generate())
    answer = get(alice, **headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Not authorised"})


def test_request_for_another_path_is_refused(alice: Person) -> None:
    headers = signed(alice, "GET", QUEUE)
    assert get(alice, f"{QUEUE}?limit=1", **headers).status_code == 401


def test_request_with_another_body_is_refused(alice: Person) -> None:
    headers = signed(alice, "POST", ACKNOWLEDGE, b'{"IDs": []}')
    body = json.dumps({"IDs": [str(uuid4())]}).encode()
    answer = Client().post(ACKNOWLEDGE, data=body, content_type="application/json", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("seconds", [301, -61])
def test_request_outside_the_window_is_refused(alice: Person, seconds: int) -> None:
    headers = signed(alice, "GET", QUEUE)
    clock.move(seconds)
    assert get(alice, **headers).status_code == 401


@pytest.mark.parametrize("missing", ["Wallet", "Wallet-Notifier", "Wallet-Timestamp"])
def test_request_without_a_header_is_refused(alice: Person, missing: str) -> None:
    headers = {**signed(alice, "GET", QUEUE), missing: ""}
    assert get(alice, **headers).status_code == 401


def test_long_poll_returns_when_something_comes(alice: Person) -> None:
    timer = threading.Timer(0.3, notify_from_a_thread, [alice])
    timer.start()
    began = time.monotonic()
    listed = get(alice, f"{QUEUE}?wait=10").json()["Notifications"]
    assert len(listed) == 1
    assert time.monotonic() - began < 5
    timer.join()


def test_long_poll_ends_empty_in_time(alice: Person) -> None:
    began = time.monotonic()
    assert get(alice, f"{QUEUE}?wait=0.3").json() == {"Notifications": []}
    assert 0.3 <= time.monotonic() - began < 3


@pytest.mark.parametrize("query", ["wait=26", "wait=x", "limit=0", "limit=101"])
def test_senseless_query_is_told_what_is_wrong(alice: Person, query: str) -> None:
    answer = get(alice, f"{QUEUE}?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()


def test_ids_that_are_none_are_told_so(alice: Person) -> None:
    assert post(alice, ["x"]).status_code == 400


def test_about_names_the_notifiers(places: list[str]) -> None:
    answer = Client().get("/wallet/about").json()
    assert answer == {"Notifiers": [{"Domain": "notifier.test", "Broker": "broker.test"}]}


def test_what_nobody_fetches_is_deleted_in_the_end(alice: Person) -> None:
    notify(alice)
    assert not prune_all()
    clock.move(9 * 24 * 3600)
    assert prune_all()["wallets.Notification 0"] == 1


def test_openapi_describes_the_inbox_and_the_queue(places: list[str]) -> None:
    schema = Client().get("/api/schema?format=json").json()
    assert {"/inbox", QUEUE, ACKNOWLEDGE, "/wallet/about"} <= set(schema["paths"])
    assert "walletSignature" in schema["components"]["securitySchemes"]
