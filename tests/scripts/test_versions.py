"""A run ends on the version it began with; a version that is withdrawn ends all that runs on it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from host.models import Talker
from host.services import save_talker
from messaging import clock
from messaging.errors import UnknownDomain
from scripts import hooks, library, poison, services, withdrawal
from scripts.language import compiler
from scripts.language.code import CompiledFile
from scripts.language.errors import ScriptError
from scripts.lifecycle import WITHDRAWN_LINE
from scripts.models import Hook, Ready, Run, ScriptVersion, Timer
from scripts.states import HookState, RunState
from tests.hosting import host
from tests.operators.scenery import do, pages, press
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result

pytestmark = pytest.mark.django_db


def talker(source: str) -> str:
    """Keep the theatre's talker; return its version."""
    return save_talker(domain=host(DOMAIN), key="v", title="V", source=f"💬 V:\n{source}").version


def opened(person: Person) -> str:
    return person.open(f".HOST,{DOMAIN},v")


def knock(value: str, *, hook: str) -> None:
    hooks.send_signal(
        domain=DOMAIN, name=hook, source="test", origin=f"domain:{DOMAIN}", value=value
    )


def noticed() -> None:
    """Let the time pass that a process may not know of what another has withdrawn."""
    clock.move(4)
    pump()


def test_edited_talker_is_a_new_version_and_who_is_talking_ends_with_the_old(alice: Person) -> None:
    old = talker("- TEXT Name? >> $n\n- DONE Old {$n}")
    chat = opened(alice)
    new = talker("- TEXT Name? >> $n\n- DONE New {$n}")
    later = opened(alice)
    for each in (chat, later):
        alice.answer_last(each, Answer="Alice")
    assert new != old
    assert alice.lines(chat)[-1] == "DONE Old Alice"
    assert alice.lines(later)[-1] == "DONE New Alice"


def test_talker_kept_again_unchanged_is_the_same_version() -> None:
    assert talker("- DONE x") == talker("- DONE x")


def test_talker_is_kept_for_no_domain_that_is_not_hosted() -> None:
    for domain in ("nobody.test", "", "Theatre.test"):
        with pytest.raises(UnknownDomain, match="is not hosted here"):
            save_talker(domain=domain, key="v", title="V", source="💬 V:\n- DONE x\n")
    assert not Talker.objects.exists()


def test_withdrawn_version_ends_its_parked_runs_and_tells_each_chat(alice: Person) -> None:
    bad = talker("- TEXT Name? >> $n\n- DONE Bad {$n}")
    chats = [opened(alice), opened(alice)]
    good = talker("- TEXT Name? >> $n\n- DONE Good {$n}")
    spared = opened(alice)
    assert withdrawal.withdraw(bad, by="bob", why="it lies") == 2
    noticed()
    for chat in chats:
        assert alice.lines(chat)[-1].startswith("FAIL This conversation cannot go on")
    ended = Run.objects.filter(state=RunState.CANCELLED)
    assert {run.error for run in ended} == {"its script was withdrawn"}
    assert not Timer.objects.filter(run__in=ended).exists()
    assert not Ready.objects.filter(run__in=ended).exists()
    assert not Hook.objects.filter(run__in=ended, state=HookState.OPEN).exists()
    alice.answer_last(spared, Answer="Alice")
    assert alice.lines(spared)[-1] == "DONE Good Alice"
    assert ScriptVersion.objects.get(pk=bad).stopped_why == "withdrawn by bob: it lies"
    assert ScriptVersion.objects.get(pk=good).withdrawn_at is None


def test_withdrawn_version_is_not_begun_and_not_entered(alice: Person) -> None:
    version = talker("- DONE Bad")
    withdrawal.withdraw(version, by="bob")
    chat = opened(alice)
    assert alice.lines(chat) == [f"FAIL {WITHDRAWN_LINE}"]
    [run] = Run.objects.filter(script="OnChatActivated", state=RunState.FAILED)
    assert "was withdrawn" in run.error
    begun = begin("- WAIT withdrawn-door >> $x")
    withdrawal.withdraw(begun.version_id, by="bob")
    noticed()
    begun.refresh_from_db()
    assert begun.state == RunState.CANCELLED


def test_version_that_a_branch_stands_in_is_found() -> None:
    run = begin("A:\n- PARALLEL:\n    - WAIT withdrawn-a\n    - WAIT withdrawn-b")
    pump()
    withdrawal.withdraw(run.version_id, by="bob")
    noticed()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not Hook.objects.filter(run=run).exists()


def test_answer_that_comes_first_does_not_save_a_withdrawn_run() -> None:
    run = begin("- WAIT withdrawn-late >> $x\n- RETURN $x")
    pump()
    withdrawal.withdraw(run.version_id, by="bob")
    knock("x", hook="withdrawn-late")
    noticed()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_let_start_does_not_bring_a_withdrawn_version_back() -> None:
    run = begin("- RETURN 1")
    withdrawal.withdraw(run.version_id, by="bob")
    assert poison.let_start(run.version_id) == 0
    assert poison.stopped_versions() == {run.version_id: True}


def test_withdrawing_twice_keeps_who_did_it_and_wakes_what_is_left() -> None:
    run = begin("- WAIT withdrawn-twice")
    pump()
    assert withdrawal.withdraw(run.version_id, by="bob") == 1
    assert withdrawal.withdraw(run.version_id, by="charlie") == 1
    assert ScriptVersion.objects.get(pk=run.version_id).stopped_why == "withdrawn by bob"
    noticed()
    assert withdrawal.withdraw(run.version_id, by="bob") == 0


def test_operator_withdraws_a_version_in_the_admin() -> None:
    run = begin("- WAIT withdrawn-admin")
    pump()
    client = Client()
    client.force_login(User.objects.create_superuser("bob"))
    [page] = [page for page in pages() if page.model is ScriptVersion]
    answer = do(client, page, "withdraw", run.version_id, reason="it is wrong")
    told = client.get(answer.url).content.decode()
    assert "1 script version is withdrawn." in told
    assert "Withdrawn; 1 run is being cancelled" in told
    version = ScriptVersion.objects.get(pk=run.version_id)
    assert version.stopped_why == "withdrawn by bob: it is wrong"
    noticed()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def shipped() -> ScriptVersion:
    library.store(library.shipped("broker", "Issue@Broker"))
    return ScriptVersion.objects.get(name="broker/Issue@Broker")


def earlier_release() -> ScriptVersion:
    """The same handler as another release shipped it: its hash is none of this one's."""
    kept = shipped()
    ScriptVersion.objects.filter(pk=kept.pk).update(hash="0" * 64)
    return ScriptVersion.objects.get(pk="0" * 64)


@pytest.mark.parametrize("of", [shipped, earlier_release])
def test_shipped_handler_is_withdrawn_by_nobody(of: Callable[[], ScriptVersion]) -> None:
    version = of()
    with pytest.raises(ScriptError, match=r"broker/Issue@Broker is shipped .* cannot be withdrawn"):
        withdrawal.withdraw(version.pk, by="bob")
    client = Client()
    client.force_login(User.objects.create_superuser("bob"))
    [page] = [page for page in pages() if page.model is ScriptVersion]
    asked = press(client, page, "withdraw", version.pk).content.decode()
    assert "it is shipped with this deployment, which needs it" in asked
    assert "There is nothing to do." in asked
    more = {"post": "yes", "reason": "x", "press": "0" * 32}
    press(client, page, "withdraw", version.pk, **more)
    assert ScriptVersion.objects.get(pk=version.pk).withdrawn_at is None


def test_shipped_handlers_that_were_withdrawn_come_back_and_others_do_not() -> None:
    run = begin("- RETURN 1")
    withdrawal.withdraw(run.version_id, by="bob")
    now = clock.now()
    handler = ScriptVersion.objects.filter(pk=shipped().pk)
    handler.update(withdrawn_at=now, stopped_at=now, stopped_why="withdrawn by vera")
    step = import_module("scripts.migrations.0008_shipped_handlers_come_back")
    step.bring_back(apps, connection.schema_editor())
    kept = handler.get()
    assert (kept.withdrawn_at, kept.stopped_at, kept.stopped_why) == (None, None, "")
    assert ScriptVersion.objects.get(pk=run.version_id).withdrawn_at is not None


def test_script_that_was_read_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin("- PUT 1 >> $x\n- WAIT warm-door >> $y\n- RETURN: '{$x}{$y}'")
    library.version(run.version_id)

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("a script was read again")

    monkeypatch.setattr(compiler, "compile_file", never)
    monkeypatch.setattr(library, "compile_file", never)
    monkeypatch.setattr(CompiledFile, "from_json", never)
    services.advance(run.pk)
    knock("2", hook="warm-door")
    pump()
    assert result(run) == "12"
