"""Every command says what its verbs take; what changes something is recorded with who and why."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from messaging import breaker, key_life, keys
from messaging.models import Destination, DomainKey, OutboxMessage, Untold
from messaging.signing import PrivateKey
from operators import acts
from operators.checks import permissions
from operators.commands import LOOKS, PLAYS, SERVES, OperatorsCommand
from operators.models import Act
from tests.operators.scenery import MINE, fill, user

OURS = ("config", "messaging", "scripts", "host", "issuer", "broker", "wallets", "operators")
NAMES = sorted(name for name, app in get_commands().items() if app in OURS)


def leaves(parser: Any, words: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the parser of each verb of a command, by its words."""
    below = [each.choices for each in parser._actions if isinstance(each.choices, dict)]
    if not below:
        return {" ".join(words): parser}
    found: dict[str, Any] = {}
    for word, inner in below[0].items():
        found |= leaves(inner, (*words, word))
    return found


def command(name: str) -> Any:
    return load_command_class(str(get_commands()[name]), name)


@pytest.mark.parametrize("name", NAMES)
def test_command_says_what_each_verb_takes(name: str) -> None:
    found = command(name)
    assert isinstance(found, OperatorsCommand), "its base is operators.commands.OperatorsCommand"
    verbs = leaves(found.create_parser("manage.py", name))
    assert set(found.does) == set(verbs)
    for verb, permission in found.does.items():
        options = {each for action in verbs[verb]._actions for each in action.option_strings}
        if permission in (LOOKS, PLAYS, SERVES):
            assert not options & {"--by", "--why"}
        else:
            assert permission in permissions() and ".view_" not in permission
            assert options >= {"--by", "--why"}, "it says who and why"


def test_only_the_server_itself_is_no_verb() -> None:
    assert [name for name in NAMES if SERVES in command(name).does.values()] == ["up"]


class Sly(OperatorsCommand):
    does = {"": LOOKS}

    def handle(self, *args: Any, **options: Any) -> None:
        keys.create_domain("sly.test")


@pytest.mark.django_db
def test_command_that_only_looks_cannot_write() -> None:
    with pytest.raises(CommandError, match="says that it only looks"):
        call_command(Sly())
    assert keys.hosted_name("sly.test") is None


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def of(words: str) -> list[str]:
    untold = Untold.objects.values_list("pk", flat=True).first()
    key = PrivateKey.generate().public.dkim
    return [word.format(key=key, untold=untold) for word in words.split()]


ACTS = {
    "domain create new.test": ("messaging.create_hosteddomain", "new.test"),
    f"domain key create {MINE}": ("messaging.create_domainkey", MINE),
    f"domain key rotate {MINE} --unpublished": ("messaging.rotate_domainkey", MINE),
    f"domain key retire {MINE} pw2": ("messaging.retire_domainkey", None),
    f"domain key compromise {MINE} pw1": ("messaging.compromise_domainkey", None),
    "domain pin peer.test pw1 {key}": ("messaging.pin_peerkey", "pw1 of peer.test"),
    "domain reseal": ("messaging.reseal_domainkey", "all"),
    f"outbox resend --to {MINE}": ("messaging.resend_outboxmessage", None),
    "outbox retell {untold}": ("messaging.retell_untold", None),
    f"outbox probe peer.{MINE}": ("messaging.probe_destination", f"peer.{MINE}"),
    "seed": ("messaging.seed_hosteddomain", None),
}


def test_every_verb_that_changes_something_is_played_below() -> None:
    taken = {permission for name in NAMES for permission in command(name).does.values()}
    assert taken - {LOOKS, PLAYS, SERVES} == {permission for permission, _ in ACTS.values()}


@pytest.mark.django_db
@pytest.mark.parametrize("words", ACTS)
def test_verb_is_recorded_with_the_system_user_and_why(words: str) -> None:
    fill(MINE)
    if "rotate" in words or "retire" in words:
        key_life.create_next(MINE)
    run(*of(words), "--why", "a test")
    permission, object_id = ACTS[words]
    act = Act.objects.get(reason="a test")
    assert (act.verb, act.by, act.outcome) == (permission, acts.system_user(), "done")
    assert object_id in (None, act.object_id)


@pytest.mark.django_db
def test_account_that_decides_must_have_the_permission() -> None:
    fill(MINE)
    user("vera", group="viewer")
    user("olga", group="operator")
    words = ("domain", "key", "create", MINE)
    for name, message in (("vera", "may not do this"), ("nobody", "there is no account")):
        with pytest.raises(CommandError, match=message):
            run(*words, "--by", name)
    assert DomainKey.objects.filter(state="NEXT").count() == 0
    run(*words, "--by", "olga")
    act = Act.objects.get(verb="messaging.create_domainkey")
    assert act.by == f"olga ({acts.system_user()})"


@pytest.mark.django_db
def test_what_was_refused_is_recorded_too() -> None:
    fill(MINE)
    with pytest.raises(CommandError):
        run("domain", "key", "retire", MINE, "pw1", "--why", "a test")
    assert Act.objects.get(reason="a test").outcome.startswith("refused: pw1 of theatre.test")


@pytest.mark.django_db
def test_command_and_page_name_a_key_alike() -> None:
    key = fill(MINE)["messaging.domainkey"]
    run("domain", "key", "compromise", MINE, "pw1")
    assert Act.objects.get(verb="messaging.compromise_domainkey").object_id == str(key.pk)


@pytest.mark.django_db
def test_commands_do_what_they_record() -> None:
    fill(MINE)
    run("outbox", "resend", "--to", MINE)
    assert OutboxMessage.objects.get().state == "DUE"
    run("outbox", "probe", f"peer.{MINE}")
    assert not breaker.probe_now("unknown.test")
    assert Destination.objects.get().until is not None
