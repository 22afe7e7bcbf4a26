"""Poison is counted for the talker whose code ran, never for a shipped script around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config.faults import poison as words
from host.services import save_talker
from messaging import clock
from scripts import blame, library, lifecycle, poison, services, wakes, withdrawal
from scripts.explain import why
from scripts.language.errors import ScriptError
from scripts.language.vocabulary import CommandSpec
from scripts.lifecycle import SET_ASIDE_LINE, STOPPED_LINE
from scripts.models import Quarantine, Run, ScriptVersion
from scripts.registry import Command, registry
from tests.host.talkers import last_run, open_talker
from tests.person import BROKER, Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin
from tests.scripts.test_poison import wear_out

pytestmark = pytest.mark.django_db(transaction=True)

BAD = "💬 Bad:\n- INFO Hello\n- POISON"


@pytest.fixture(autouse=True)
def _poison_is_a_word(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "commands", dict(registry.commands))
    words.learn()
    yield


def keep(key: str, source: str) -> str:
    return save_talker(domain=DOMAIN, key=key, title="", source=source).version


def stopped() -> list[str]:
    return list(ScriptVersion.objects.filter(stopped_at__isnull=False).values_list("pk", flat=True))


def opened_five_times(person: Person, key: str) -> None:
    """As many people as stop a version have it fail."""
    for _ in range(5):
        person.open(f".HOST,{DOMAIN},{key}")
    wear_out()


def test_talker_that_fails_is_stopped_and_what_carried_it_is_not(alice: Person) -> None:
    bad, good = keep("bad", BAD), keep("good", "💬 Good:\n- DONE Well")
    opened_five_times(alice, "bad")
    assert stopped() == [bad]
    assert set(Run.objects.filter(state="QUARANTINED").values_list("talker", flat=True)) == {bad}
    poison.forget()
    assert alice.lines(alice.open(f".HOST,{DOMAIN},good")) == ["DONE Well"]
    assert last_run().talker == good
    refused = alice.open(f".HOST,{DOMAIN},bad")
    assert alice.lines(refused) == [f"FAIL {STOPPED_LINE}"]
    assert last_run().state == "FAILED" and f"{DOMAIN}/bad does not start now" in last_run().error
    assert Run.objects.filter(state="QUARANTINED").count() == 5
    poison.let_start(bad)
    alice.open(f".HOST,{DOMAIN},bad")
    wear_out()
    assert Run.objects.filter(state="QUARANTINED").count() == 6


def test_share_counts_all_runs_that_ran_the_talkers_code_also_those_that_ended_at_once(
    alice: Person,
) -> None:
    source = "💬 Some:\n- IF $.Inputs.Bad: POISON\n- DONE Well"
    version = keep("some", source)
    for number in range(30):
        alice.open(f".HOST,{DOMAIN},some{',Bad=yes' if number < 5 else ''}")
    wear_out()
    assert Run.objects.filter(talker=version).count() == 30
    assert Run.objects.filter(talker=version, state="QUARANTINED").count() == 5
    assert stopped() == []


# -- every way in which a talker is carried --------------------------------------------------------


def carried_by_a_chat(alice: Person) -> str:
    version = keep("way", "💬 Way:\n- INFO Hello\n- POISON")
    alice.open(f".HOST,{DOMAIN},way")
    return version


def carried_by_home(alice: Person) -> str:
    keep("way", "💬 Way:\n- DONE Well")
    chat = alice.open(f".HOST,{DOMAIN},way")
    version = keep("way", "💬 Way:\n- INFO Hello\n- POISON")
    assert alice.send(BROKER, "Home@Broker", {"Chat": chat}).status == 200
    return version


def carried_by_a_menu(alice: Person) -> str:
    version = keep("way", "💬 One:\n- INFO Hello\n- POISON\n💬 Two:\n- DONE Well")
    chat = alice.open(f".HOST,{DOMAIN},way")
    alice.reply(chat, alice.prompts(chat)[-1], Answer="One")
    return version


def carried_by_a_registered_script(alice: Person) -> str:
    version = keep("way", "💬 Way:\n- REGISTER Friend >> $w\n- INFO {$w}\nFriend:\n- POISON")
    chat = alice.open(f".HOST,{DOMAIN},way")
    alice.open(alice.prompts(chat)[0]["Text"])
    return version


def carried_by_another_talker(alice: Person) -> str:
    version = keep("inner", "💬 Inner:\n- INFO Hello\n- POISON")
    keep("way", "💬 Way:\n- INFO Outer\n- TALK inner\n- DONE Never")
    alice.open(f".HOST,{DOMAIN},way")
    return version


def back_in_the_talker_that_called(alice: Person) -> str:
    keep("inner", "💬 Inner:\n- RETURN: 1")
    version = keep("way", "💬 Way:\n- TALK inner\n- POISON")
    alice.open(f".HOST,{DOMAIN},way")
    return version


def in_a_branch(alice: Person) -> str:
    version = keep(
        "way", "💬 Way:\n- PARALLEL:\n    - WAIT blame-a\n    - RUN Other\nOther:\n- POISON"
    )
    alice.open(f".HOST,{DOMAIN},way")
    return version


def after_an_answer(alice: Person) -> str:
    version = keep("way", "💬 Way:\n- TEXT Name? >> $n\n- POISON")
    chat = alice.open(f".HOST,{DOMAIN},way")
    alice.reply(chat, alice.prompts(chat)[-1], Answer="Alice")
    return version


def begun_by_itself(alice: Person) -> str:
    return begin("- LOG: x\n- POISON").version_id


WAYS = [
    carried_by_a_chat,
    carried_by_home,
    carried_by_a_menu,
    carried_by_a_registered_script,
    carried_by_another_talker,
    back_in_the_talker_that_called,
    in_a_branch,
    after_an_answer,
    begun_by_itself,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_fault_is_the_affair_of_the_innermost_author(alice: Person, way: Any) -> None:
    version = way(alice)
    wear_out()
    run = Run.objects.get(state="QUARANTINED")
    assert run.talker == version
    kept = Quarantine.objects.get(run=run)
    place, _, name = kept.blame.partition(" (")
    assert place.startswith("line ") and not library.is_shipped(version)
    source = library.version(version).source.splitlines()
    assert "POISON" in source[int(place.split()[1]) - 1]
    assert name == f"{library.version(version).name} {version[:12]})"
    assert kept.blame in why(run)


def test_fault_in_a_shipped_script_that_an_author_calls_is_the_authors(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: Any, **__: Any) -> None:
        raise RuntimeError("a row that nothing can help")

    version = keep("way", "💬 Way:\n- INFO Hello\n- ISSUE .HOST/TICKET >> $t\n- DONE Well")
    monkeypatch.setattr("issuer.services.issue_token", raises)
    alice.open(f".HOST,{DOMAIN},way")
    wear_out()
    run = Run.objects.get(state="QUARANTINED")
    assert run.talker == version
    assert Quarantine.objects.get(run=run).blame.startswith("line 3 of Way (theatre.test/way ")


def test_error_in_a_shipped_script_names_the_line_that_called(alice: Person) -> None:
    open_talker(alice, "- INFO Hello\n- ISSUE nonsense >> $t")
    version = last_run().talker
    assert last_run().state == "FAILED"
    assert last_run().error.startswith(".ISSUE:")
    caller = f"line 3 of Test (theatre.test/test {version[:12]})"
    assert last_run().error.endswith(f", called from {caller}")
    assert f"(in theatre.test/test {version[:12]})" in why(last_run())


def test_fault_of_shipped_code_alone_stops_nothing_and_is_told(
    alice: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(*_: Any, **__: Any) -> None:
        raise RuntimeError("our own fault")

    keep("way", "💬 Way:\n- DONE Well")
    with monkeypatch.context() as patched:
        talk = registry.commands["TALK"]
        patched.setitem(registry.commands, "TALK", Command(talk.spec, raises, talk.resume))
        opened_five_times(alice, "way")
        opened_five_times(alice, "way")
    aside = Run.objects.filter(state="QUARANTINED")
    assert aside.count() == 10 and set(aside.values_list("talker", flat=True)) == {""}
    assert stopped() == []
    told = [record for record in caplog.records if "shipped_script_failed" in str(record.msg)]
    assert len(told) == 10
    assert "the fault is ours" in why(aside[0])
    assert alice.lines(alice.open(f".HOST,{DOMAIN},way")) == ["DONE Well"]


class Died(BaseException):
    """The worker is gone: nothing catches this, and nobody says what happened."""


def test_talker_that_kills_its_worker_at_once_is_blamed(alice: Person) -> None:
    def die(*_: Any) -> None:
        raise Died

    registry.commands["DIE"] = Command(CommandSpec(word="DIE"), die)
    version = keep("way", "💬 Way:\n- DIE")
    with pytest.raises(Died):
        alice.open(f".HOST,{DOMAIN},way")
    for _ in range(2 * wakes.ATTEMPTS):
        clock.move(wakes.LEASE.total_seconds() + 1)
        try:
            pump()
        except Died:
            continue
    run = Run.objects.get(state="QUARANTINED")
    assert run.talker == version
    assert Quarantine.objects.get(run=run).blame.startswith("line 2 of Way (theatre.test/way ")
    assert alice.lines(_chat_of(alice))[-1] == f"FAIL {SET_ASIDE_LINE}"


def _chat_of(alice: Person) -> str:
    return str(alice.waiting("Open@Notifier")[-1]["Chat"])


def test_shipped_version_that_an_earlier_release_stopped_runs_on(alice: Person) -> None:
    version = library.shipped("host", "OnChatActivated")
    keep("way", "💬 Way:\n- DONE Well")
    alice.open(f".HOST,{DOMAIN},way")
    ScriptVersion.objects.filter(pk=version.hash).update(stopped_at=clock.now(), stopped_why="x")
    poison.forget()
    assert alice.lines(alice.open(f".HOST,{DOMAIN},way")) == ["DONE Well"]
    with pytest.raises(ScriptError, match="is shipped"):
        withdrawal.withdraw(version.hash, by="olivia")


def test_stopped_talker_goes_on_where_it_had_begun_and_may_show_its_menu_again(
    alice: Person,
) -> None:
    version = keep("way", "💬 One:\n- TEXT Name? >> $n\n- TALK way\n💬 Two:\n- DONE Well")
    chat = alice.open(f".HOST,{DOMAIN},way")
    alice.answer_last(chat, Answer="One")
    ScriptVersion.objects.filter(pk=version).update(stopped_at=clock.now(), stopped_why="x")
    poison.forget()
    alice.answer_last(chat, Answer="Alice")
    alice.answer_last(chat, Answer="Two")
    assert alice.lines(chat)[-1] == "DONE Well"


def test_place_that_cannot_be_read_blames_nobody() -> None:
    assert blame.of_stored({"frames": [["x"]]}) is None
    assert blame.of_stored({}) is None
    assert blame.of([]) is None


def test_run_is_set_aside_though_its_continuation_is_unreadable() -> None:
    run = begin("- WAIT blame-unreadable")
    pump()
    Run.objects.filter(pk=run.pk).update(continuation={"frames": "none"})
    assert lifecycle.quarantine(run.pk, "poison")
    services.sweep()
    assert Run.objects.get(pk=run.pk).state == "QUARANTINED"
