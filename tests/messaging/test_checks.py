"""System checks: settings that cannot be read are errors, development ones warn."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.checks import check_deployment, check_settings
from messaging.kept import KEPT_DAYS


def ids(found: list[Any]) -> list[str]:
    return [message.id for message in found]


def test_settings_of_this_deployment_are_readable() -> None:
    assert check_settings() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FIELD_KEYS", "k1:zz", "messaging.E001"),
        ("PEER_ROUTES", ["nonsense"], "messaging.E002"),
        ("OUTGOING_ALLOW", ["localhost"], "messaging.E003"),
        ("DNS_RESOLVERS", ["localhost"], "messaging.E004"),
        ("INBOX_KEEP_HOURS", 23, "messaging.E005"),
        ("SIGNER", "messaging.signers.Nobody", "messaging.E006"),
        ("KEEP_DAYS", {**KEPT_DAYS, "CHAT_IDLE": 30}, "messaging.E009"),
        ("KEEP_DAYS", {**KEPT_DAYS, "REFUSAL": -1}, "messaging.E009"),
        ("KEEP_DAYS", {**KEPT_DAYS, "DEAD": 90}, "messaging.E009"),
        ("KEEP_DAYS", {**KEPT_DAYS, "SENT": 7}, "messaging.E009"),
    ],
)
def test_setting_that_cannot_be_read_is_an_error(
    settings: Any, name: str, value: Any, expected: str
) -> None:
    setattr(settings, name, value)
    found = check_settings()
    assert ids(found) == [expected]
    assert str(found[0].msg).startswith(name)


def test_development_settings_warn_in_a_deployment(settings: Any) -> None:
    settings.PEER_ROUTES, settings.OUTGOING_ALLOW = [], []
    assert check_deployment() == []
    settings.PEER_ROUTES = ["*.test=http://127.0.0.1:8000"]
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    assert ids(check_deployment()) == ["messaging.W001", "messaging.W002"]


def test_resolver_elsewhere_warns_in_a_deployment(settings: Any) -> None:
    settings.PEER_ROUTES, settings.OUTGOING_ALLOW = [], []
    settings.DNS_RESOLVERS = ["127.0.0.1", "[::1]:53", "192.0.2.1"]
    assert ids(check_deployment()) == ["messaging.W003"]
