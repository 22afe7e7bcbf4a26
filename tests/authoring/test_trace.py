"""The trace of a run: lines, holders that changed, times, and what it waits for."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.authoring.stage import QUIET
from config.authoring.trace import NoSuchRun, find, trace
from issuer.models import Token
from scripts import services
from scripts.models import Run, RunEvent
from tests.flows.steps import offered_ticket
from tests.person import Person
from tests.scripts.engine import begin


@pytest.fixture(autouse=True)
def with_values(settings: Any) -> None:
    settings.TRACE_VALUES = True


def talker_run(chat: str) -> Run:
    return Run.objects.get(script="OnChatActivated", domain="theatre.test")


@pytest.mark.django_db
def test_deployment_where_nothing_has_run_says_so() -> None:
    said = StringIO()
    call_command("script", "trace", stdout=said)
    assert said.getvalue() == "No script has run here yet.\n"


def test_parked_run_tells_its_lines_its_holders_and_its_wait(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    text = "\n".join(trace(talker_run(chat)))
    assert "     3: - TEXT What name should be on the ticket? >> $name" in text
    assert "$name = Alice" in text
    assert f"$token = Issuer.Tokens {token} ISSUED" in text
    assert text.splitlines()[-1].startswith(f"Waits at line 21 of .ISSUE (WAIT) for {token}")


def test_ended_run_tells_how(alice: Person) -> None:
    chat, _ = offered_ticket(alice)
    alice.answer_last(chat, Result="NO")
    lines = list(trace(talker_run(chat)))
    assert lines[-1].startswith("Done at ")
    assert "          12: - ELSE: FAIL No ticket then. Seat B10 is free again." in lines


def test_run_is_found_by_the_id_of_its_token(alice: Person) -> None:
    _, token = offered_ticket(alice)
    assert {run.script for run in find(token)} >= {"OnTokenIssued"}
    assert Token.objects.filter(pk=token).exists()


@pytest.mark.django_db(transaction=True)
def test_secret_holders_are_hidden_and_long_ones_cut() -> None:
    run = begin(
        "- PUT hush >> $password\n- PUT 1234 >> $pin\n- PUT >> $map:\n    A: 1\n    B: 2\n"
        f"- PUT {'x' * 200} >> $long\n- PUT 1 >> $number\n",
        domain="theatre.test",
    )
    from_engine(run)
    told = RunEvent.objects.get(run=run).data["set"]
    assert told["password"] == told["pin"] == "(hidden)"
    assert told["map"] == "{A, B}"
    assert len(told["long"]) == 80
    assert told["number"] == "1"


@pytest.mark.django_db(transaction=True)
def test_values_are_not_kept_unless_the_setting_says_so(settings: Any) -> None:
    assert QUIET["TRACE_VALUES"] == "1"  # of a rehearsal
    settings.TRACE_VALUES = False
    run = begin("- PUT Alice >> $name\n", domain="theatre.test")
    from_engine(run)
    assert RunEvent.objects.get(run=run).data["set"] == {"name": "(hidden)"}


@pytest.mark.django_db(transaction=True)
def test_script_error_is_in_the_trace_with_its_line() -> None:
    run = begin("- PUT 1 >> $a\n- ERROR: no such luck\n", domain="theatre.test")
    from_engine(run)
    lines = list(trace(run))
    assert "      error: test:2:3: no such luck" in lines
    assert "           2: - ERROR: no such luck" in lines


@pytest.mark.django_db
def test_unknown_run_is_said_to_be_so() -> None:
    with pytest.raises(NoSuchRun, match="no id"):
        find("tomorrow")
    with pytest.raises(CommandError, match="there is no run"):
        call_command("script", "trace", "01a360c7-e0e8-7344-bb9e-05aeed9fba25", stdout=StringIO())


def from_engine(run: Run) -> None:
    """Advance a run to its end."""
    services.advance(run.pk)
    run.refresh_from_db()
