"""Runs that are set aside, that have ended and are woken, and claims that are over."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from messaging import clock
from scripts import lifecycle, poison, services, wakes, withdrawal
from scripts.advance import advance_once
from scripts.errors import StaleRun
from scripts.lifecycle import SET_ASIDE_LINE, WITHDRAWN_LINE
from scripts.models import Checkpoint, Ready, Run, RunEvent, Signal
from scripts.registry import registry
from tests.host.talkers import last_run, open_talker
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import begin, result
from tests.scripts.test_lifecycle import OPEN, last, leave

pytestmark = pytest.mark.usefixtures("ends_well")


# -- set aside -------------------------------------------------------------------------------------


def test_run_that_is_set_aside_keeps_its_question_and_says_so(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- DONE Hello {$n}")
    run = last_run()
    assert lifecycle.quarantine(run.pk, RuntimeError("poison"))
    pump()
    assert alice.lines(chat) == ["TEXT Name?", f"FAIL {SET_ASIDE_LINE}"]
    alice.reply(chat, alice.prompts(chat)[0], Answer="Alice")
    pump()
    assert last(run).state == "QUARANTINED"
    assert lifecycle.retry(run.pk, by="olivia", why="mended")
    pump()
    assert alice.lines(chat)[-1] == "DONE Hello Alice"
    kinds = RunEvent.objects.filter(run=run).order_by("rev").values_list("kind", "data")
    assert [kind for kind, _ in kinds][-3:] == ["QUARANTINED", "READY", "DONE"]
    assert {"by": "olivia", "why": "mended"} in [data for _, data in kinds]


def test_run_set_aside_in_a_withdrawn_version_is_ended_with_the_others(alice: Person) -> None:
    chat = open_talker(alice, OPEN.format(end="INFO never"))
    run = last_run()
    talker = run.continuation["frames"][-1][0]
    assert lifecycle.quarantine(run.pk, "poison")
    assert withdrawal.withdraw(talker, by="olivia") == 1
    clock.move(4)
    pump()
    assert last(run).state == "CANCELLED"
    assert alice.lines(chat)[-1] == f"FAIL {WITHDRAWN_LINE}"


def test_last_line_that_raises_does_not_keep_a_run_from_being_set_aside(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_talker(alice, "- TEXT Name? >> $n")

    def raises(step: object, text: str) -> None:
        raise RuntimeError("poison, too")

    monkeypatch.setattr(registry, "farewell", raises)
    assert lifecycle.quarantine(last_run().pk, RuntimeError("poison"))
    assert last_run().state == "QUARANTINED"


# -- an ended run that is woken --------------------------------------------------------------------

MENU = "- INFO >> $p:\n    Text: More?\n    Options: [Yes]\n- IF $p: INFO More\n"


def test_ended_run_of_a_withdrawn_version_settles_the_option_that_is_tapped(alice: Person) -> None:
    chat = open_talker(alice, MENU)
    run = last_run()
    assert run.state == "DONE"
    withdrawal.withdraw(Checkpoint.objects.get().continuation["frames"][-1][0], by="olivia")
    poison.forget()
    events = RunEvent.objects.count()
    alice.reply(chat, alice.prompts(chat)[0], Answer="Yes")
    pump(20)
    assert RunEvent.objects.count() < events + 10
    assert last(run).state == "DONE"
    assert not Checkpoint.objects.exists() and not Ready.objects.exists()
    assert Signal.objects.get(source__startswith="run:").state == "LATE"
    assert alice.lines(chat) == ["INFO More?", f"FAIL {WITHDRAWN_LINE}"]
    alice.reply(chat, alice.prompts(chat)[0], Answer="Yes")
    pump(20)
    assert alice.lines(chat) == ["INFO More?", f"FAIL {WITHDRAWN_LINE}"]


def test_ended_run_whose_return_keeps_crashing_is_set_aside(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = open_talker(alice, MENU)
    run = last_run()

    def raises(*_: Any, **__: Any) -> bool:
        raise RuntimeError("poison")

    with monkeypatch.context() as patched:
        patched.setattr("scripts.advance.resume", raises)
        alice.reply(chat, alice.prompts(chat)[0], Answer="Yes")
        for _ in range(wakes.ATTEMPTS + 2):
            pump()
            clock.move(61)
    assert last(run).state == "QUARANTINED"
    assert not Ready.objects.exists()
    assert lifecycle.retry(run.pk, by="olivia")
    pump()
    assert last(run).state == "DONE"
    assert alice.lines(chat) == ["INFO More?", f"FAIL {SET_ASIDE_LINE}", "INFO More"]


def test_ended_run_set_aside_whose_return_is_gone_is_ended_again(alice: Person) -> None:
    chat = open_talker(alice, MENU)
    run = last_run()
    assert lifecycle.quarantine(run.pk, "poison")
    leave(alice, chat)
    assert lifecycle.retry(run.pk, by="olivia")
    pump()
    assert last(run).state == "DONE"
    assert not Ready.objects.exists()


@pytest.mark.parametrize("state", ["FAILED", "DECLINED", "CANCELLED"])
def test_ended_run_that_is_worn_out_is_let_be(transactional_db: None, state: str) -> None:
    run = begin("- RETURN: 1")
    pump()
    Run.objects.filter(pk=run.pk).update(state=state)
    with transaction.atomic():
        wakes.wake(run.pk)
    claim = wakes.claim(run.pk)
    assert not lifecycle.quarantine(run.pk, "poison", claim)
    assert last(run).state == state and not Ready.objects.exists()


# -- an old claim ----------------------------------------------------------------------------------


def test_late_commit_does_not_bring_a_run_back_that_was_set_aside(transactional_db: None) -> None:
    """The worker has read the run, and writes it after somebody set it aside."""
    run = begin("- WAIT lifecycle-late")
    late = lifecycle.LOCKED_RUN.model.objects.get(pk=run.pk)
    assert lifecycle.quarantine(run.pk, "poison")
    was = late.state
    late.park()
    with pytest.raises(StaleRun), transaction.atomic():
        lifecycle.commit(late, was, {})
    assert last(run).state == "QUARANTINED"
    assert lifecycle.retry(run.pk, by="olivia")
    with pytest.raises(StaleRun), transaction.atomic():
        lifecycle.commit(late, was, {})
    pump()
    assert last(run).state == "WAITING"


def test_run_that_was_advanced_since_is_not_set_aside_on_an_old_claim(
    transactional_db: None,
) -> None:
    run = begin("- WAIT lifecycle-old")
    for _ in range(wakes.ATTEMPTS - 1):
        wakes.claim(run.pk)
        clock.move(11)
    old = wakes.claim(run.pk)
    assert old is not None and old.attempts == wakes.ATTEMPTS
    clock.move(11)
    newer = wakes.claim(run.pk)
    assert newer is not None and newer.is_worn_out
    assert advance_once(run.pk, newer) is False  # it was alive after all
    for claim in (old, newer):
        assert not lifecycle.quarantine(run.pk, "poison", claim)
    assert last(run).state == "WAITING"


def test_run_that_was_woken_since_has_one_attempt_more(transactional_db: None) -> None:
    run = begin("- WAIT lifecycle-woken")
    for _ in range(wakes.ATTEMPTS):
        claim = wakes.claim(run.pk)
        clock.move(11)
    with transaction.atomic():
        wakes.wake(run.pk)
    assert claim is not None and not lifecycle.quarantine(run.pk, "poison", claim)
    assert last(run).state == "READY"
    again = wakes.claim(run.pk)
    assert again is not None and again.attempts == wakes.ATTEMPTS
    assert lifecycle.quarantine(run.pk, "poison", again)


def test_release_leaves_a_claim_that_another_worker_has_taken_since(
    transactional_db: None,
) -> None:
    run = begin("- WAIT lifecycle-lease")
    old = wakes.claim(run.pk)
    clock.move(11)
    newer = wakes.claim(run.pk)
    assert old is not None and newer is not None
    before = Ready.objects.get(run=run).due_at
    wakes.release(run.pk, old, charged=False)
    row = Ready.objects.get(run=run)
    assert (row.attempts, row.due_at) == (newer.attempts, before)


def test_lost_race_costs_no_attempt(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin("- RETURN: 1")

    def loses(*_: Any) -> bool:
        raise StaleRun(str(run.pk))

    with monkeypatch.context() as patched:
        patched.setattr(services, "advance_once", loses)
        for _ in range(wakes.ATTEMPTS * 3):
            services.advance(run.pk)
            clock.move(61)
    assert Ready.objects.get(run=run).attempts == 0
    pump()
    assert result(run) == "1"
