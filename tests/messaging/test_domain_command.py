"""`manage.py domain`: create, dns and pin."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from messaging import clock, keys
from messaging.signing import PrivateKey

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("domain", *arguments, stdout=out)
    return out.getvalue()


def test_domain_is_created_and_its_record_printed() -> None:
    text = run("create", "Theatre.test", "--title", "The Guild")
    _, public = keys.published_key("theatre.test")
    record = f'pw1._domainkey.pw.theatre.test TXT "v=DKIM1; k=ed25519; p={public.dkim}"\n'
    assert text.startswith(f"theatre.test is hosted here. Publish its key:\n{record}; ")
    assert run("dns", "THEATRE.test").startswith(record)


def test_key_of_a_peer_is_pinned() -> None:
    public = PrivateKey.generate().public
    assert run("pin", "broker.test", "pw1", public.dkim) == "pw1 of broker.test is pinned.\n"
    assert keys.known_key("broker.test", "pw1") == public


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "localhost"),
        ("dns", "charlie.test"),
        ("pin", "broker.test", "pw1", "no key"),
        (),
        ("delete", "theatre.test"),
    ],
)
def test_nonsense_is_an_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_key_lives_from_the_command_line() -> None:
    run("create", "theatre.test")
    text = run("key", "create", "theatre.test")
    assert "pw2._domainkey.pw.theatre.test TXT" in text
    assert "does not sign yet" in text
    with pytest.raises(CommandError, match=r"not in DNS yet|does not answer"):
        run("key", "rotate", "theatre.test")
    text = run("key", "rotate", "theatre.test", "--unpublished")
    assert text == (
        "pw2 of theatre.test signs now; pw1 of theatre.test still verifies: leave it in DNS.\n"
    )
    with pytest.raises(CommandError, match="minutes ago"):
        run("key", "retire", "theatre.test", "pw1")
    clock.move(601)
    assert "its private half is gone" in run("key", "retire", "theatre.test", "pw1")
    text = run("key", "compromise", "theatre.test", "pw2")
    assert 'pw2._domainkey.pw.theatre.test TXT "v=DKIM1; k=ed25519; p="' in text
    listed = [line.split(" since")[0] for line in run("key", "list", "theatre.test").splitlines()]
    assert listed == ["pw1 RETIRED", "pw2 COMPROMISED", "pw3 ACTIVE"]


def test_keys_are_sealed_anew_and_lost_ones_named(settings: Any) -> None:
    run("create", "theatre.test")
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = f"k9:{'22' * 32},{old}"
    assert run("reseal").startswith("1 private keys were sealed anew.")
    settings.FIELD_KEYS = old
    with pytest.raises(CommandError, match=r"pw1 of theatre.test: there is no field key 'k9'"):
        run("reseal")
