"""A script believes a token by the key that signed it, however old, unless that key is void."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from host.models import Trust
from messaging import clock, dns_keys, key_life, keys
from messaging.documents import sign_document
from messaging.signing import PrivateKey
from messaging.syntax import format_time
from tests.messaging.dns_server import Zone, dns_server
from tests.messaging.parties import TOKEN
from tests.pump import pump
from tests.scripts.engine import begin

pytestmark = pytest.mark.django_db(transaction=True)
THEATRE, PEER = "theatre.test", "gym.test"


@pytest.fixture(autouse=True)
def theatre() -> None:
    keys.create_domain(THEATRE)
    Trust.objects.create(domain=THEATRE, domains=[PEER])


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    with dns_server() as zone:
        settings.DNS_RESOLVERS = [zone.address]
        yield zone


def token(issuer: str, key: Any) -> dict[str, Any]:
    now = format_time(clock.now())
    document = {"Token": TOKEN, "Issuer": issuer, "Schema": ".HOST/BOOKING/SELF", "Issued": now}
    return sign_document(document, key, "pw1")


def believed(document: dict[str, Any]) -> bool:
    run = begin("- VERIFY:\n    Token: $Token\n", holders={"Token": document})
    pump()
    run.refresh_from_db()
    assert run.state in ("DONE", "FAILED"), run.error
    return bool(run.state == "DONE")


def test_own_token_outlives_its_key_and_not_a_theft() -> None:
    document = token(THEATRE, keys.signing_key(THEATRE)[1])
    key_life.create_next(THEATRE)
    key_life.rotate(THEATRE, check_published=False)
    clock.move(601)
    key_life.retire(THEATRE, "pw1")
    assert believed(document)
    key_life.compromise(THEATRE, "pw1")
    assert not believed(document)


def test_peers_token_outlives_its_record_and_not_a_withdrawal(zone: Zone) -> None:
    private = PrivateKey.generate()
    zone.publish(PEER, "pw1", dns_keys.record_value(private.public))
    document = token(PEER, private)
    assert not believed(document)  # never seen here, and a script may not ask DNS
    assert keys.verified(PEER, "pw1", lambda public: True) == (private.public, True)
    clock.move(601)
    zone.records[f"pw1._domainkey.pw.{PEER}.", "TXT"] = []
    assert keys.find_key(PEER, "pw1") is None
    assert believed(document)
    clock.move(901)
    zone.publish(PEER, "pw1", dns_keys.WITHDRAWN)
    assert keys.find_key(PEER, "pw1") is None
    assert not believed(document)
