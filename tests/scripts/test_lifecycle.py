"""A run's life: the whole matrix of its machine, and what closes at each of its ends.

What is not listed must be refused. Each end is played with everything open that a run can have.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django_fsm import TransitionNotAllowed

from broker.models import Token as BrokerToken
from host.models import Prompt
from issuer.models import Token, TokenEvent
from messaging import clock
from messaging.models import InboxMessage, OutboxMessage
from scripts import hooks, lifecycle, withdrawal
from scripts.lifecycle import CANCELLED_LINE, FAILED_LINE, WITHDRAWN_LINE
from scripts.models import Checkpoint, Hook, Ready, Run, Timer
from scripts.states import HookState, RunState
from tests.host.talkers import last_run, open_talker
from tests.person import BROKER, Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin

pytestmark = pytest.mark.usefixtures("ends_well")

ROOT = Path(__file__).resolve().parents[2]
LIVE = ("READY", "WAITING")
VERBS: dict[str, tuple[Any, ...]] = {
    "go_on": (),
    "park": (),
    "finish": (),
    "fail": ("an error",),
    "decline": (),
    "cancel": ("why",),
    "withdraw": ("why",),
    "quarantine": ("a fault",),
    "retry": (),
    "take_back": (),
}
TARGETS = {
    "go_on": "READY",
    "park": "WAITING",
    "finish": "DONE",
    "fail": "FAILED",
    "decline": "DECLINED",
    "cancel": "CANCELLED",
    "withdraw": "CANCELLED",
    "quarantine": "QUARANTINED",
    "take_back": "READY",
}
ALLOWED = {
    **{(state, verb): target for state in LIVE for verb, target in TARGETS.items()},
    ("DONE", "quarantine"): "QUARANTINED",
    ("DONE", "take_back"): "READY",
    ("QUARANTINED", "cancel"): "CANCELLED",
    ("QUARANTINED", "withdraw"): "CANCELLED",
    ("QUARANTINED", "retry"): "READY",
}


# -- the machine ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("source", RunState.values)
def test_transition(source: str, verb: str) -> None:
    run = Run(state=source)
    if (source, verb) in ALLOWED:
        getattr(run, verb)(*VERBS[verb])
        assert run.state == ALLOWED[source, verb]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(run, verb)(*VERBS[verb])


def test_table_lists_every_verb_of_the_machine() -> None:
    machine: Any = Run()
    assert {each.name for each in machine.get_all_state_transitions()} == set(VERBS)


def test_retry_of_a_run_that_had_ended_lets_it_be_ended_again() -> None:
    run = Run(state="QUARANTINED", finished_at=clock.now())
    run.retry()
    assert run.state == "DONE"


def test_state_cannot_be_assigned() -> None:
    with pytest.raises(AttributeError):
        Run().state = RunState.DONE


# Who may call a verb of the machine; all others belong to lifecycle.py alone.
CALLERS = {"go_on": "advance", "park": "advance", "take_back": "returns"}


def test_nobody_else_moves_or_writes_a_run() -> None:
    """The verbs, and statements that write the table, stand where the matrix is tested."""
    wrong = []
    for app in ROOT.glob("*/__init__.py"):
        for path in app.parent.rglob("*.py"):
            if {"migrations", "tests"} & set(path.relative_to(ROOT).parts):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _moves_a_run(ast.unparse(node.func), path.stem):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)[:60]}")
    assert wrong == []


def _moves_a_run(called: str, module: str) -> bool:
    name = called.rpartition(".")[2]
    if called.startswith("Run.objects") and name in ("update", "bulk_update", "delete"):
        return True
    if called in (f"run.{verb}" for verb in VERBS):
        return CALLERS.get(name, "lifecycle") != module
    return called in ("run.save", "run.delete")


# -- everything open at once -----------------------------------------------------------------------

OPEN = """💬 Open:
- INFO >> $again:
    Text: Once more?
    Options: [Yes]
- PARALLEL:
    - TEXT Name? >> $name
    - RUN Other
Other:
- WAIT lifecycle-other
- {end}
"""


def go_on() -> None:
    hooks.send_signal(
        domain=DOMAIN,
        name="lifecycle-other",
        source="test",
        origin=f"domain:{DOMAIN}",
        value="go",
    )
    pump()


def answer_no(alice: Person, chat: str) -> None:
    go_on()
    alice.answer_last(chat, Result="NO")


def by_signal(alice: Person, chat: str) -> None:
    go_on()


def leave(alice: Person, chat: str) -> None:
    assert alice.send(BROKER, "Abandon@Broker", {"Chat": chat}).status == 200
    pump()


def withdraw_version(alice: Person, chat: str) -> None:
    talker = Run.objects.get(pk=last_run().pk).continuation["frames"][-1][0]
    withdrawal.withdraw(talker, by="olivia")
    clock.move(4)
    pump()


def cancel(alice: Person, chat: str) -> None:
    assert lifecycle.cancel(last_run().pk, by="olivia", why="a test")
    pump()


ENDS: dict[str, tuple[str, Callable[[Person, str], None], str, str]] = {
    # how: (last command, what happens, the state, the last line)
    "fails": ("ERROR: The hall burnt down.", by_signal, "FAILED", "FAIL The hall burnt down."),
    "fails without words": ("ERROR", by_signal, "FAILED", f"FAIL {FAILED_LINE}"),
    "person says no": ("CONFIRM Sure?", answer_no, "DECLINED", "CONFIRM Sure?"),
    "person leaves": ("INFO never", leave, "CANCELLED", ""),
    "returns in a branch": ("RETURN: 1", by_signal, "WAITING", "TEXT Name?"),
    "ends by a reel": ("REEL elsewhere", by_signal, "DONE", "TEXT "),
    "is withdrawn": ("INFO never", withdraw_version, "CANCELLED", f"FAIL {WITHDRAWN_LINE}"),
    "is cancelled": ("INFO never", cancel, "CANCELLED", f"FAIL {CANCELLED_LINE}"),
}


@pytest.mark.parametrize("how", ENDS)
def test_end_closes_all_that_anybody_could_wait_at(alice: Person, how: str) -> None:
    command, happens, state, line = ENDS[how]
    chat = open_talker(alice, OPEN.format(end=command))
    run = last_run()
    assert Timer.objects.filter(run=run).exists() and Checkpoint.objects.filter(run=run).exists()
    happens(alice, chat)
    run.refresh_from_db()
    assert run.state == state
    if line:
        assert alice.lines(chat)[-1] == line
    if state == "WAITING":
        return
    assert not Timer.objects.filter(run=run).exists()
    assert not Ready.objects.filter(run=run).exists()
    assert not Prompt.objects.filter(run=run.pk, state="INSERTED").exclude(
        format__in=("INFO", "FAIL")
    ), "a question is open that nobody waits for"
    held = Hook.objects.filter(run=run)
    if state == "DONE":  # its line may still be chosen
        assert [hook.state for hook in held] == [HookState.LIVE]
    else:
        assert not held.exists()
        assert not Checkpoint.objects.filter(run=run).exists()
    assert not Hook.objects.filter(state__in=("OPEN", "FILLED")).exists()
    assert run.finished_at is not None


def test_question_of_an_abandoned_branch_is_withdrawn_and_the_run_goes_on(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- RUN Both\n- WAIT lifecycle-after\n"
        "Both:\n- PARALLEL:\n    - TEXT Name? >> $n\n    - RETURN: early",
    )
    question = Prompt.objects.get(chat__chat=chat, format="TEXT")
    assert question.state == "WITHDRAWN"
    assert last_run().state == "WAITING"
    assert alice.reply(chat, {"Sender": DOMAIN, "Hook": str(question.pk)}, Answer="A").status == 200
    pump()
    assert last_run().state == "WAITING"


def test_run_that_ends_in_its_first_segment_leaves_no_branch_open() -> None:
    run = begin("- PARALLEL:\n    - WAIT lifecycle-first\n    - REEL elsewhere")
    pump()
    assert last(run).state == "DONE"
    assert Hook.objects.get(name="lifecycle-first").state == "CLOSED"


def last(run: Run) -> Run:
    run.refresh_from_db()
    return run


# -- an offer that nobody has decided --------------------------------------------------------------

OFFERS = """💬 Offers:
- PARALLEL:
    - ISSUE {domain}/HOST/TICKET:1.0 >> $token
    - RUN Other
- FAIL Nobody comes here.
Other:
- WAIT lifecycle-other
- {end}
"""
# Those that a person's word crosses on its way, since their end takes one step.
AT_ONCE = ("fails", "fails without words", "ends by a reel", "is withdrawn", "is cancelled")


def offering(alice: Person, how: str) -> tuple[str, str, dict[str, Any]]:
    """Open a talker that offers beside another branch; return chat, token, the question."""
    chat = open_talker(alice, OFFERS.format(domain=DOMAIN, end=ENDS[how][0]))
    question = alice.prompts(chat)[-1]
    assert question["Format"] == "CONFIRM"
    token = Token.objects.get(chat=chat)
    assert (token.state, token.run) == ("OFFERED", last_run().pk)
    return chat, str(token.pk), question


def taken_back(token: str) -> Token:
    """Return an offer that its issuer must have taken back."""
    issued = Token.objects.get(pk=token)
    assert (issued.state, issued.reason, issued.status) == ("DECLINED", "WITHDRAWN", "REVOKED")
    return issued


@pytest.mark.parametrize("how", [*AT_ONCE, "person says no"])
def test_end_takes_back_an_undecided_offer_and_its_question(alice: Person, how: str) -> None:
    _, happens, state, line = ENDS[how]
    chat, token, question = offering(alice, how)
    happens(alice, chat)
    taken_back(token)
    assert last_run().state == state
    if state != "DONE":
        assert alice.lines(chat)[-1] == line
    nobody_is_asked(alice, chat, question)


def nobody_is_asked(alice: Person, chat: str, question: dict[str, Any]) -> None:
    """The question of an offer that was taken back is closed, and a yes to it does nothing."""
    token = str(Token.objects.get(chat=chat).pk)
    assert Prompt.objects.get(pk=question["Hook"]).state == "WITHDRAWN"
    alice.reply(chat, question, Result="YES")
    pump()
    mirrored = BrokerToken.objects.get(token=token)
    assert (mirrored.state, mirrored.status) == ("WITHDRAWN", "REVOKED")
    assert not alice.waiting("Save@Notifier")
    assert not TokenEvent.objects.filter(token_id=token, kind="LATE").exists()
    taken_back(token)


def test_offer_of_an_abandoned_branch_is_taken_back_and_the_run_goes_on(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- RUN Both\n- WAIT lifecycle-after\n"
        "Both:\n- PARALLEL:\n"
        f"    - ISSUE {DOMAIN}/HOST/TICKET:1.0 >> $token\n"
        "    - RETURN: early",
    )
    token = taken_back(str(Token.objects.get(chat=chat).pk))
    assert BrokerToken.objects.get(token=token.pk).state == "WITHDRAWN"
    assert not Prompt.objects.filter(chat__chat=chat, format="CONFIRM", state="INSERTED").exists()
    assert last_run().state == "WAITING"


@pytest.mark.parametrize("how", AT_ONCE)
def test_yes_that_crosses_the_end_of_its_run_is_late_and_void(alice: Person, how: str) -> None:
    _, happens, state, _ = ENDS[how]
    chat, token, question = offering(alice, how)
    assert alice.reply(chat, question, Result="YES").status == 200
    pump()
    assert alice.saved(DOMAIN, token).status == 200
    assert Token.objects.get(pk=token).state == "OFFERED"
    happens(alice, chat)
    assert last_run().state == state
    issued = taken_back(token)
    decided = TokenEvent.objects.filter(token_id=token, kind="STATE").latest("at")
    assert (decided.value, decided.origin) == ("DECLINED", f"run:{issued.run}")
    assert TokenEvent.objects.filter(token_id=token, kind="LATE", value="ACCEPTED").count() == 1
    mirrored = BrokerToken.objects.get(token=token)
    assert (mirrored.state, mirrored.status) == ("SAVED", "REVOKED")


# -- who waits for the answer ----------------------------------------------------------------------


def handler_of(alice: Person, talker: str) -> tuple[Run, InboxMessage]:
    """Begin again in a chat: the run of Home@Host is one that a message started."""
    chat = open_talker(alice, talker)
    assert alice.send(BROKER, "Home@Broker", {"Chat": chat}).status == 200
    pump()
    run = last_run("Home@Host")
    return run, InboxMessage.objects.get(pk=str(run.message_id))


def test_no_of_a_person_handles_the_message_that_began_it(alice: Person) -> None:
    run, message = handler_of(alice, "- CONFIRM Sure?")
    assert message.state == "RECEIVED"
    chat = str(message.envelope["Body"]["Chat"])
    alice.answer_last(chat, Result="NO")
    message.refresh_from_db()
    assert (last(run).state, message.state, message.response_status) == ("DECLINED", "HANDLED", 200)


@pytest.mark.parametrize("how", ["is cancelled", "is withdrawn", "fails"])
def test_ended_handler_refuses_its_message(alice: Person, how: str) -> None:
    run, message = handler_of(alice, "- TEXT Name? >> $n\n- ERROR")
    assert message.state == "RECEIVED"
    if how == "is cancelled":
        lifecycle.cancel(run.pk, by="olivia")
    elif how == "is withdrawn":
        withdrawal.withdraw(last(run).continuation["frames"][-1][0], by="olivia")
        clock.move(4)
        pump()
    else:
        alice.answer_last(str(message.envelope["Body"]["Chat"]), Answer="Alice")
    message.refresh_from_db()
    assert last(run).state == ("FAILED" if how == "fails" else "CANCELLED")
    assert (message.state, message.response_status) == ("DISCARDED", 403)


def test_cancelled_run_sends_nothing_that_nobody_tried_to_send(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- WAIT lifecycle-send")
    alice.answer_last(chat, Answer="Alice")
    run = last_run()
    first = OutboxMessage.objects.filter(origin=str(run.pk)).earliest("created_at")
    OutboxMessage.objects.filter(pk=first.pk).update(state="DUE", attempts=0, finished_at=None)
    assert lifecycle.cancel(run.pk, by="olivia", why="a test")
    first.refresh_from_db()
    assert (first.state, first.last_error) == ("DEAD", "cancelled by olivia: a test")
    pump()
    assert alice.lines(chat)[-1] == f"FAIL {CANCELLED_LINE}"
