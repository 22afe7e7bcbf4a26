"""`manage.py domain`: create, dns and pin."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging import keys
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
