"""What the OpenAPI document says of the inbox and the wallet's API is true, whatever is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.specs.openapi import checks

from messaging import clock
from messaging.counters import memory
from messaging.signing import PrivateKey
from tests.person import Person
from wallets.request_signature import request_headers

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TRUE: list[Any] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "40"))
BOUNDED = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
# Answers for ten minutes; tests/wallets has its own.
ENDLESS = "/wallet/stream"


class Signing:
    """Signs every request as one wallet, on its way into the real application."""

    def __init__(self, key: PrivateKey, wallet: str) -> None:
        self.key, self.wallet = key, wallet
        self.application = WSGIHandler()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        query = environ.get("QUERY_STRING", "")
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/~!$&'()*+,;=:@")
        headers = request_headers(
            self.key,
            method=environ["REQUEST_METHOD"],
            path=f"{path}?{query}" if query else path,
            notifier="notifier.test",
            wallet=self.wallet,
            body=body,
            now=clock.now(),
        )
        environ["wsgi.input"] = BytesIO(body)
        environ |= {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()
        }
        return self.application(environ, start)


def api(application: Any) -> Any:
    """Return the document as Schemathesis takes it, answered by `application`."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    loaded = schemathesis.openapi.from_dict(document)
    loaded.app = application
    return loaded.exclude(path=ENDLESS)


def ask(case: Case) -> int:
    """Ask and compare the answer with the document; return its status."""
    memory.clear()  # the limits of rates are tested elsewhere
    if "wait" in (case.query or {}) and case.path == "/wallet/notifications":
        case.query["wait"] = 0
    response = case.call()
    assert response.status_code != 500, response.text
    case.validate_response(response, checks=TRUE)
    return int(response.status_code)


def ask_all(application: Any, judge: Callable[[Case, int], None]) -> int:
    """Ask every operation, well-formed and malformed; return how many operations there are."""
    operations = [found.ok() for found in api(application).get_all_operations()]
    for operation in operations:

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def well_formed(case: Case) -> None:
            judge(case, ask(case))

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def malformed(case: Case) -> None:
            judge(case, ask(case))

        well_formed()
        if [*operation.iter_parameters(), *operation.body]:  # else nothing can be malformed
            malformed()
    return len(operations)


def test_strangers_get_what_the_document_says(places: list[str]) -> None:
    def judge(case: Case, status: int) -> None:
        if case.path not in ("/inbox", "/wallet/about"):
            assert status in (400, 401, 405, 415), (case.path, status)

    assert ask_all(WSGIHandler(), judge) >= 5


def test_wallet_gets_what_the_document_says(alice: Person) -> None:
    asked: set[int] = set()

    def judge(case: Case, status: int) -> None:
        asked.add(status)
        assert status != 401, case.path

    assert ask_all(Signing(alice.key, alice.wallet), judge) >= 5
    assert {200, 400, 422} <= asked
