"""What authors' scripts start, send and save is counted for their run and for their domain."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from config.demo.data import seed
from host.models import Registered
from messaging.counters import memory
from messaging.models import OutboxMessage
from scripts import quotas, services
from scripts.language.continuation import Continuation
from scripts.language.limits import lent
from scripts.models import Checkpoint, Imprint, Item, Run, Signal
from scripts.quotas import QUOTAS
from scripts.registry import registry
from tests.host.talkers import last_run, open_talker
from tests.person import Person
from tests.pump import pump
from tests.scripts.commands.play import error, play, value
from tests.scripts.engine import DOMAIN, begin
from tests.scripts.items.library import open_library

pytestmark = pytest.mark.django_db(transaction=True)
EVER = "Three:\n" + 3 * "- ALARM 0 seconds:\n    Script: Three\n"
COUNT = "- PUT 0 >> $n\n- WHILE $n.IsBelow(2000):\n    - SET $n.Add(1)\n"
SENDS = COUNT + "    - SEND:\n        Subject: Nothing@Gym\n        Number: $n\n"
SAVES = COUNT + "    - SAVE Library.Diary:\n        Line: $n\n"
LOAN = "- SAVE Library.Loans:\n    Reader: r1\n    Book: Maps\n    Pages: 3\n    STATE: OPEN\n"

ONE_MESSAGE = {"sends": 1}
TELLS = ("DONE", "FAIL", "INFO", "TEMP")
ASKS = ("AMOUNT", "CONFIRM", "DATE", "DIGITS", "QUANTITY", "STARS", "TEXT", "TIME")
CHOICES = ("MANY", "ONE")
SCRIPTS = {
    "ALARM": "- ALARM 1 hour:\n    Script: Other",
    "DELETE": "- READ >> $x:\n    Set: Library.Diary\n    Key: {entry}\n- DELETE $x",
    "EMOJI": "- EMOJI 🎭",
    "GOODBYE": "- GOODBYE",
    "HOOK": "- HOOK bell",
    "IMPRINT": "- IMPRINT bell",
    "ISSUE": f"- ISSUE {DOMAIN}/HOST/TICKET:1.0",
    "RACE": "- RACE bell: x",
    "REEL": "- REEL bell: x",
    "REGISTER": "- REGISTER Other >> $x",
    "SAVE": "- SAVE Library.Diary:\n    Line: x",
    "SEND": "- SEND:\n    Subject: Nothing@Gym",
    **{word: f"- {word} Well" for word in (*TELLS, *ASKS)},
    **{word: f"- {word} Well:\n    Options: a, b" for word in CHOICES},
}
# What each command causes, at the least that it can.
CAUSES: dict[str, dict[str, int]] = {
    **dict.fromkeys((*TELLS, *ASKS, *CHOICES), ONE_MESSAGE),
    "ALARM": {"starts": 1},
    "DELETE": {"rows": 1},
    "EMOJI": {"sends": 1},
    "GOODBYE": {"sends": 1},
    "HOOK": {"rows": 1},
    "IMPRINT": {"rows": 1},
    "ISSUE": {"rows": 1, "sends": 1},
    "RACE": {"sends": 1},
    "REEL": {"sends": 1},
    "REGISTER": {"rows": 1},
    "SAVE": {"rows": 1},
    "SEND": {"sends": 1},
}
# They change nothing but their own run, or enter a script that does.
OWN_RUN = {
    *("CHAT", "FREEZE", "GRAPH", "RECALL", "TALK", "TRANSLATE", "TRUSTS", "VERIFY", "WAIT"),
}


@pytest.fixture(autouse=True)
def _places(places: list[str]) -> None:
    """Messages need domains with keys."""
    open_library()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return what is counted from now on, by kind."""
    seen: Counter[str] = Counter()
    charge = quotas.charge

    def watch(kind: str, domain: str, continuation: Continuation) -> None:
        seen[kind] += 1
        charge(kind, domain, continuation)

    monkeypatch.setattr(quotas, "charge", watch)
    return seen


def opened(person: Person, word: str) -> str:
    """Open a talker that does one command; return the chat."""
    [entry] = Item.objects.filter(set__name="Library.Diary").values_list("pk", flat=True)
    return open_talker(person, SCRIPTS[word].replace("{entry}", str(entry)) + "\nOther:\n- LOG x")


def traces() -> Counter[str]:
    """Return what there is of all that scripts can cause."""
    return Counter(
        starts=Run.objects.filter(trigger__startswith="alarm:").count(),
        signals=Signal.objects.filter(hook__name="bell").count(),
        rows=Item.objects.filter(deleted_at=None).count(),
        kept=Registered.objects.count() + Imprint.objects.count() + Checkpoint.objects.count(),
    )


# -- all that causes anything is counted ----------------------------------------------------------


def test_every_command_has_its_place_in_the_table() -> None:
    reading = {word for word, command in registry.commands.items() if command.look is not None}
    assert set(CAUSES) == set(SCRIPTS)
    assert sorted([*CAUSES, *OWN_RUN, *reading]) == sorted(registry.commands)


@pytest.mark.parametrize("word", sorted(CAUSES))
def test_what_a_command_causes_is_counted(alice: Person, counted: Counter[str], word: str) -> None:
    value("- SAVE Library.Diary:\n    Line: first")
    counted.clear()
    before = traces()
    opened(alice, word)
    run = last_run()
    assert run.state != "FAILED", run.error
    assert counted == CAUSES[word]
    sent = OutboxMessage.objects.filter(origin=str(run.pk)).count()
    made = traces() - before + (before - traces())
    assert made["starts"] == counted["starts"]
    if word != "ISSUE":  # a token is a row of the issuer's, whose own handler sends the offer
        assert sent + made["signals"] == counted["sends"]
        assert made["rows"] + made["kept"] == counted["rows"]


@pytest.mark.parametrize("word", sorted(CAUSES))
def test_command_of_a_run_that_may_cause_nothing_more_fails_at_its_line(
    alice: Person, word: str
) -> None:
    value("- SAVE Library.Diary:\n    Line: first")
    before = traces()
    with lent(run_starts=0, run_sends=0, run_rows=0):
        chat = opened(alice, word)
    run = last_run()
    assert run.state == "FAILED" and "more than 0 " in run.error and "by one run" in run.error
    assert "Test:" in run.error or "called from line" in run.error
    assert traces() == before
    # The last line that the engine says is nobody's: it is not refused.
    assert [line.partition(" ")[0] for line in alice.lines(chat)] == ["FAIL"]


# -- runs that are started -------------------------------------------------------------------------


def test_alarms_of_themselves_end_with_an_error(settings: Any) -> None:
    settings.DOMAIN_START_RATE = "40/hour"
    begin(EVER)
    pump()
    runs = Run.objects.filter(script="Three")
    assert runs.count() <= 41
    failed = [run.error for run in runs if run.state == "FAILED"]
    assert len(failed) + runs.filter(state="DONE").count() == runs.count()
    assert failed and all(
        f"more than 40/hour runs started by scripts of {DOMAIN}" in each for each in failed
    )
    assert all("Three:" in each for each in failed)


def test_save_whose_handler_may_not_start_is_taken_back(settings: Any) -> None:
    settings.DOMAIN_START_RATE = "1/hour"  # it has two handlers: of the event, and of the state
    assert "test:1:3: more than 1/hour runs started" in error(LOAN)
    assert not Item.objects.exists() and not Run.objects.filter(trigger__startswith="item").exists()


def test_state_that_a_handler_returns_is_counted_too() -> None:
    value(LOAN)
    pump()
    late = "- READ >> $x:\n    Set: Library.Loans\n    Key: r1, Maps\n- SAVE $x:\n    STATE: LATE"
    loans = open_library(
        loans="Prefix: Library\nTable: Loans\nItem: Loan\nKey: Reader, Book\nHandlers:\n"
        "    LATE >> OnLate:\n    LOST >> OnLost:\n",
        scripts="OnLate:\n- RETURN: LOST\nOnLost:\n- LOG lost\n",
    )
    services.advance(begin(late).pk)
    with lent(run_starts=0):
        pump()
    [handler] = Run.objects.filter(script="OnLate")
    assert handler.state == "FAILED" and "more than 0 runs started by one run" in handler.error
    assert Item.objects.get(set=loans).state == "LATE"


# -- messages and rows -----------------------------------------------------------------------------


def test_run_that_queues_two_thousand_messages_ends() -> None:
    run = play(SENDS)
    assert (
        run.state == "FAILED" and "test:4:7: more than 1000 messages sent by one run" in run.error
    )
    assert 0 < OutboxMessage.objects.filter(origin=str(run.pk)).count() <= 1000


def test_messages_of_a_domain_are_counted_over_its_runs(settings: Any) -> None:
    settings.DOMAIN_SEND_RATE = "2/hour"
    for _ in range(2):
        value("- SEND:\n    Subject: Nothing@Gym")
    assert "more than 2/hour messages sent by scripts of" in error(
        "- TRY:\n    - SEND:\n        Subject: Nothing@Gym"
    )


def test_rows_of_a_domain_at_its_quota_disturb_no_other(settings: Any) -> None:
    settings.DOMAIN_ROW_RATE = "30/hour"
    open_library(domain="gym.test")
    assert "more than 30/hour rows saved by scripts of theatre.test" in error(SAVES)
    value("- SAVE Library.Diary:\n    Line: of another", domain="gym.test")
    memory.clear()  # an hour later
    value("- SAVE Library.Diary:\n    Line: again")


def test_count_of_a_run_outlasts_its_waits_and_its_returns() -> None:
    run = begin(
        "- HOOK bell >> $r\n- SEND:\n    Subject: Nothing@Gym\n- IF $r: RETURN $r\n- WAIT never"
    )
    pump()
    run.refresh_from_db()
    assert run.continuation["used"] == {"rows": 1, "sends": 1}
    with lent(run_sends=1):
        begin("- REEL bell: x", domain=DOMAIN)
        pump()
    run.refresh_from_db()
    assert run.state == "FAILED" and "more than 1 messages sent by one run" in run.error


# -- what is nobody's ------------------------------------------------------------------------------


def test_shipped_handlers_are_never_refused(alice: Person, settings: Any) -> None:
    """A chat is opened, greeted by its talker, answered and closed: one message is the author's."""
    for rate in ("START", "SEND", "ROW"):
        setattr(settings, f"DOMAIN_{rate}_RATE", "2/hour")
    for number in range(2):
        chat = open_talker(alice, "- TEXT Name? >> $n", key=f"k{number}")
        alice.answer_last(chat, Answer="Alice")
        assert last_run().state == "DONE"
    over = open_talker(alice, "- TEXT Name? >> $n", key="over")
    assert last_run().state == "FAILED"
    assert [line.partition(" ")[0] for line in alice.lines(over)] == ["FAIL"]
    assert Run.objects.exclude(state__in=("DONE", "FAILED")).count() == 0
    assert Run.objects.filter(state="FAILED").count() == 1


def test_what_operators_and_services_do_is_not_counted(counted: Counter[str]) -> None:
    seed()
    begin("- LOG x")
    pump()
    assert counted == {}


@pytest.mark.parametrize("kind", sorted(QUOTAS))
def test_what_is_counted_outside_of_a_segment_is_nobodys(kind: str) -> None:
    with lent(run_starts=0, run_sends=0, run_rows=0):
        quotas.count(kind)
