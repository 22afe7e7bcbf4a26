"""Every forged message gets the answer that it must get, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from messaging.models import KeyLookup, Refusal
from tests.forged import (
    authority,
    json_text,
    keys_used,
    moments,
    repeats,
    senders,
    shapes,
    spellings,
    tampering,
    targets,
    values,
)
from tests.forged import (
    http as requests,
)
from tests.forged.case import Case, Request
from tests.forged.scene import Scene, spelt
from tests.pump import pump

FAMILIES = (
    requests,
    json_text,
    shapes,
    spellings,
    values,
    senders,
    moments,
    tampering,
    keys_used,
    repeats,
    authority,
    targets,
)
CASES = [case for family in FAMILIES for case in family.CASES]
FEWEST = 120
# What the protocol records of a refusal: that there was one, and that DNS was asked.
RECORDS = (Refusal, KeyLookup)
# Rows of an acknowledged message itself; what it was about is in the other apps.
OF_MESSAGES = ("messaging", "scripts")
ROLES = ("issuer", "broker", "host", "wallets")


# A fault of ours is an answer of 500, as it would be for its sender.
CLIENT = Client(raise_request_exception=False)


def post(request: Request) -> tuple[int, Any]:
    """Send a request; return status and JSON of the answer."""
    names = {name: name.upper().replace("-", "_") for name in request.headers}
    extra: dict[str, Any] = {
        names[name] if name == "Content-Type" else f"HTTP_{names[name]}": text
        for name, text in request.headers.items()
    }
    content_type = extra.get("CONTENT_TYPE", "")
    response = CLIENT.generic(request.method, request.path, request.body, content_type, **extra)
    assert response["Content-Type"] == "application/json"
    return response.status_code, response.json()


def rows(labels: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return all that is stored in the tables of some apps, but for records of refusals."""
    found = {}
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        for model in models:
            if model not in RECORDS:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608 - our own
                found[model.__name__] = sorted(map(repr, cursor.fetchall()))
    return found


def refusals() -> dict[str, int]:
    return dict(Refusal.objects.values_list("reason", "count"))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_forged_message_is_refused_as_expected(
    case: Case, scene: Scene, reached: list[str]
) -> None:
    request = case.request(scene)
    apart = ROLES if case.kept else (*OF_MESSAGES, *ROLES)
    before, counted = rows(apart), refusals()
    status, answer = post(request)
    if case.kept:
        pump()
    assert (status, answer.get("Error")) == (case.expected_status, case.expected_error)
    assert rows(apart) == before
    assert reached == []
    if case.reason is not None:
        code = case.reason.code
        assert refusals() == counted | {code: counted.get(code, 0) + 1}
    else:
        assert refusals() == counted


def test_corpus_is_as_large_as_it_says() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= FEWEST
    assert all(family.CASES for family in FAMILIES)


def test_genuine_message_is_taken(scene: Scene) -> None:
    """What the forgers start from is refused for what they change, and for nothing else."""
    chat, token = scene.chat, scene.token
    for value in (
        scene.of_chat("Issued@Issuer", {"Token": token}),
        scene.of_wallet("Frontend@Broker", {"Sets": []}),
        scene.of_domain("theatre.test", "broker.test", "Chat@Broker", {"Chat": chat}),
        scene.genuine({"Token": token, "Answer": "MAYBE"}),
    ):
        status, answer = post(Request(spelt(value)))
        assert (status, answer.get("Error")) == (200, None), value["Header"]["Subject"]
