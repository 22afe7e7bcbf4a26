"""A run that fails tells its chat so, in the transaction in which it fails (10.6 rule 15)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from host.models import Chat, Prompt
from messaging import clock
from messaging.models import OutboxMessage
from scripts import hooks
from scripts.errors import refused
from scripts.language.limits import lent
from scripts.lifecycle import FAILED_LINE
from scripts.models import Run
from scripts.registry import registry
from scripts.states import RunState
from tests.host.talkers import last_run, open_talker
from tests.person import BROKER, Person
from tests.pump import pump
from tests.scripts.commands.play import error
from tests.scripts.engine import DOMAIN

OUR_OWN = f"FAIL {FAILED_LINE}"
LONG = "seat " * 60


@pytest.mark.parametrize(
    ("commands", "line"),
    [
        ("- ERROR: No seat is left, {$n}.", "FAIL No seat is left, Alice."),
        ("- ERROR: \u00b4Maps\u00b4 is lost", "FAIL Maps is lost"),
        (
            "- ASSERT:\n    $n.Is: Bob\n    Error: This is for Bob, not for {$n}.",
            "FAIL This is for Bob, not for Alice.",
        ),
        ("- ASSERT:\n    - $n.Is(Bob)", OUR_OWN),
        ("- ERROR", OUR_OWN),
        ("- DONE {$n.Sum}", OUR_OWN),
        (f"- ERROR: {LONG}", f"FAIL {LONG[:249]}"),
        ("- RUN Inner\nInner:\n- ERROR: From within.", "FAIL From within."),
    ],
)
def test_failed_run_tells_its_chat(alice: Person, commands: str, line: str) -> None:
    chat = open_talker(alice, f"- TEXT Name? >> $n\n- INFO Looking\n{commands}")
    alice.answer_last(chat, Answer="Alice")
    run = last_run()
    assert run.state == RunState.FAILED
    # What the segment said before is taken back with it; what earlier ones said stays.
    assert alice.lines(chat) == ["TEXT Name?", line]
    assert Prompt.objects.filter(run=str(run.pk)).count() == 2


def test_run_that_passes_a_limit_tells_its_chat(alice: Person) -> None:
    with lent(run_steps=60):
        chat = open_talker(alice, "- INFO Counting\n- WHILE $.Chat:\n    - PUT 1 >> $n")
    assert alice.lines(chat) == ["INFO Counting", OUR_OWN]


def test_error_that_a_try_catches_is_not_told(alice: Person) -> None:
    chat = open_talker(alice, "- TRY >> $e:\n    - ERROR: Not for you\n- DONE It said {$e}")
    assert alice.lines(chat) == ["DONE It said Not for you"]


def test_run_without_a_chat_tells_nobody(alice: Person) -> None:
    sent = OutboxMessage.objects.count()
    assert error("- ERROR: Nobody hears") == "test:1:3: Nobody hears"
    assert not Prompt.objects.exists()
    assert OutboxMessage.objects.count() == sent


WAITING = "- INFO Hello\n{}- WAIT farewell\n- ERROR: Too late"


def test_chat_that_the_host_has_closed_hears_nothing(alice: Person) -> None:
    chat = open_talker(alice, WAITING.format("- GOODBYE\n"))
    fail_now()
    assert said_in(chat) == ["INFO Hello"]


def test_chat_that_the_person_has_left_hears_nothing(alice: Person) -> None:
    chat = open_talker(alice, WAITING.format(""))
    assert alice.send(BROKER, "Abandon@Broker", {"Chat": chat}).status == 200
    pump()
    fail_now()
    assert said_in(chat) == ["INFO Hello"]


def test_goodbye_of_the_segment_that_fails_is_taken_back_and_the_chat_is_told(
    alice: Person,
) -> None:
    chat = open_talker(alice, "- INFO Hello\n- GOODBYE\n- ERROR: After all")
    assert said_in(chat) == ["FAIL After all"]


def test_chat_that_is_gone_does_not_keep_the_run_from_ending(alice: Person) -> None:
    chat = open_talker(alice, WAITING.format(""))
    Chat.objects.filter(domain=DOMAIN, chat=chat).delete()
    fail_now()


def test_line_that_cannot_be_said_does_not_keep_the_run_from_ending(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(step: object, text: str) -> None:
        Prompt.objects.update(text="written, then refused")
        raise refused("it cannot be signed")

    chat = open_talker(alice, WAITING.format(""))
    monkeypatch.setattr(registry, "farewell", unable)
    fail_now()
    assert said_in(chat) == ["INFO Hello"]


def test_line_is_said_in_the_transaction_that_fails_the_run_and_once(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = open_talker(alice, WAITING.format(""))
    told, last = registry.farewell, last_run().pk

    def dies(step: object, text: str) -> None:
        assert told is not None
        told(step, text)  # type: ignore[arg-type]
        raise RuntimeError("the worker dies here")

    monkeypatch.setattr(registry, "farewell", dies)
    knock()
    assert said_in(chat) == ["INFO Hello"]
    assert Run.objects.get(pk=last).state != RunState.FAILED
    monkeypatch.setattr(registry, "farewell", told)
    for _ in range(20):
        clock.move(timedelta(minutes=10).total_seconds())
        pump()
    assert Run.objects.get(pk=last).state == RunState.FAILED
    assert said_in(chat) == ["INFO Hello", "FAIL Too late"]


def test_person_sees_no_place_and_no_word_of_ours(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- SAVE $n")
    alice.answer_last(chat, Answer="Alice")
    assert last_run().error == "Test:3:3: no dataset named Alice"
    assert alice.lines(chat)[-1] == OUR_OWN


def fail_now() -> None:
    """Let what waits on the door go on to its ERROR; there it ends, told or not."""
    knock()
    assert last_run().state == RunState.FAILED
    assert last_run().error.endswith("Too late")


def knock() -> None:
    hooks.send_signal(
        domain=DOMAIN, name="farewell", source="test", origin=f"domain:{DOMAIN}", value="x"
    )
    pump()


def said_in(chat: str) -> list[str]:
    """Return all lines of a chat, also those that its person may not fetch any more."""
    prompts = Prompt.objects.filter(chat__domain=DOMAIN, chat__chat=chat).order_by("pk")
    return [f"{each.format} {each.text}" for each in prompts]
