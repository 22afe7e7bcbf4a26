"""Prompts as a person meets them: what is fetched, what an answer does, what is asked again."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from host.models import Prompt
from messaging import clock
from scripts import library
from scripts.language.errors import LoadErrors
from tests.host.talkers import last_run, open_talker
from tests.person import Person, response
from tests.pump import pump
from tests.scripts.engine import begin

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 50).decode()


def last(person: Person, chat: str) -> dict[str, Any]:
    return person.prompts(chat)[-1]


@pytest.mark.parametrize(
    ("command", "answer", "line"),
    [
        ("- TEXT Name?", "Alice", "Alice"),
        ("- ONE Which?:\n    Options: [/Red wine, White]", "Red", "Red"),
        (
            "- MANY Which?:\n    Options: [/Red wine, White, Rosé]",
            ["White", "Red"],
            '["Red","White"]',
        ),
        ("- DIGITS Code?", "007", "007"),
        ("- QUANTITY How many?", "1250", "1,250"),
        ("- AMOUNT How much?:\n    Currency: EUR", "12.5", "€12.50"),
        ("- STARS How was it?", "4", "4"),
        ("- DATE Which day?", "2026-05-01", "2026-05-01"),
        ("- TIME When?", "18:30", "18:30"),
    ],
)
def test_each_question_gives_its_answer(
    alice: Person, command: str, answer: Any, line: str
) -> None:
    word, colon, rest = command.partition(":\n")
    chat = open_talker(alice, f"{word} >> $x{colon and ':'}\n{rest}\n- DONE It is {{$x}}")
    assert last(alice, chat)["Format"] == word.split()[1]
    alice.answer_last(chat, Answer=answer)
    assert alice.lines(chat)[-1] == f"DONE It is {line}"
    assert last_run().state == "DONE"


def test_wrong_answer_is_asked_again_and_the_script_does_not_see_it(alice: Person) -> None:
    chat = open_talker(alice, "- STARS How was it? >> $x\n- DONE {$x} stars")
    alice.answer_last(chat, Answer="six")
    alice.answer_last(chat, Answer="6")
    assert alice.lines(chat) == [
        "STARS How was it?",
        "FAIL Please give one to five stars.",
        "STARS How was it?",
        "FAIL Please give one to five stars.",
        "STARS How was it?",
    ]
    alice.answer_last(chat, Answer="5")
    assert alice.lines(chat)[-1] == "DONE 5 stars"


def test_answer_delivered_twice_counts_once(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT One? >> $a\n- TEXT Two? >> $b\n- DONE {$a} and {$b}")
    question = last(alice, chat)
    body = {"Prompt": question["Hook"], "Answer": "first"}
    for _ in range(2):
        answer = alice.send(
            question["Sender"],
            "Reply@Host",
            body,
            sender="Anonymous",
            key=alice.chat_keys[chat],
            correlation="0b5a6d0e-8a3c-4d6b-9b43-0c0f6f0c2a11",
        )
        assert answer.status == 200
    pump()
    assert alice.reply(chat, question, Answer="second").status == 200  # taken in, and discarded
    pump()
    alice.answer_last(chat, Answer="then")
    assert alice.lines(chat)[-1] == "DONE first and then"


def test_numbers_that_would_be_rounded_are_asked_back(alice: Person) -> None:
    chat = open_talker(alice, "- QUANTITY How many? >> $n\n- DONE {$n}, from {$n.Text}")
    alice.answer_last(chat, Answer="2.5")
    assert alice.lines(chat)[-1] == "CONFIRM 3, is that right?"
    alice.answer_last(chat, Result="NO")
    assert alice.lines(chat)[-1] == "QUANTITY How many?"
    alice.answer_last(chat, Answer="2.5")
    alice.answer_last(chat, Result="YES")
    assert alice.lines(chat)[-1] == "DONE 3, from 2.5"


def test_content_holds_what_the_wallet_may_help_with(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- QUANTITY How many? >> $n:\n    Details: Up to *ten*.\n    Default: 2\n    MinValue: 1\n"
        "    MaxValue: 10\n    Precision: 0\n    Nullable: True",
    )
    shown = last(alice, chat)
    assert {name: shown.get(name) for name in ("Text", "Details", "Default")} == {
        "Text": "How many?",
        "Details": "Up to *ten*.",
        "Default": "2",
    }
    assert (shown["MinValue"], shown["MaxValue"], shown["Precision"]) == ("1", "10", 0)
    assert shown["Nullable"] is True
    alice.answer_last(chat, Answer="")
    assert last_run().state == "DONE"


def test_cancel_gives_the_script_nothing(alice: Person) -> None:
    chat = open_talker(
        alice, "- DATE When? >> $d\n- IF $d: DONE On {$d}\n- ELSE: INFO Another time then"
    )
    alice.answer_last(chat, Result="CANCEL")
    assert alice.lines(chat)[-1] == "INFO Another time then"


def test_unanswered_question_ends_with_nothing_and_says_so(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- TIME When? >> $t:\n    Expires: 1 hour\n"
        "- IF $.Script.TimedOut: FAIL Too late\n- ELSE: DONE At {$t}",
    )
    question = last(alice, chat)
    clock.move(3601)
    pump()
    assert alice.lines(chat)[-1] == "FAIL Too late"
    assert alice.reply(chat, question, Answer="18:30").status == 200
    pump()
    assert Prompt.objects.get(pk=question["Hook"]).state == "INSERTED"


def test_temp_goes_when_the_next_prompt_comes(alice: Person) -> None:
    chat = open_talker(alice, "- TEMP One moment\n- WAIT door >> $x\n- INFO Here it is")
    assert alice.lines(chat) == ["TEMP One moment"]
    begin("- RACE door: open")
    pump()
    assert alice.lines(chat) == ["TEMP ", "INFO Here it is"]  # fetched in vain


def test_appendix_is_checked_and_downloaded(alice: Person, bob: Person) -> None:
    chat = open_talker(
        alice, f"- INFO Your map:\n    Appendix:\n        Type: PNG\n        Content: {PNG}"
    )
    appendix = last(alice, chat)["Appendix"]
    assert (appendix["Type"], appendix["Pages"]) == ("PNG", 1)
    sender = last(alice, chat)["Sender"]
    body = {"Appendix": appendix["Key"]}
    assert response(alice.send_in_chat(chat, sender, "Download@Host", body)) == {"Content": PNG}
    other = open_talker(bob, "- INFO Hello", key="other")
    assert bob.send_in_chat(other, sender, "Download@Host", body).status == 403


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("- INFO {$none}", "text has 1 to 249"),
        ("- INFO " + "x" * 250, "text has 1 to 249"),
        ("- INFO Hi:\n    Details: " + "x" * 2500, "fewer than 2500"),
        ("- ONE Which? >> $x:\n    Options: $none", "needs Options"),
        ("- TEXT Name? >> $x:\n    Pattern: (", "cannot be used"),
        (
            "- INFO Hi:\n    Appendix:\n        Type: PDF\n        Content: " + PNG,
            "is not a PDF file",
        ),
        ("- INFO Hi:\n    Appendix:\n        Type: GIF\n        Content: AAAA", "PNG, JPEG or PDF"),
        ("- INFO Hi:\n    Appendix:\n        Type: PNG\n        Content: '%'", "is base64"),
    ],
)
def test_limits(alice: Person, script: str, error: str) -> None:
    open_talker(alice, script)
    run = last_run()
    assert run.state == "FAILED"
    assert error in run.error


def test_lists_read_as_bullets(alice: Person) -> None:
    chat = open_talker(
        alice, "- PUT >> $rows:\n    - Row B\n    - Row C\n- INFO Free:\n    Details: $rows"
    )
    assert last(alice, chat)["Details"] == "- Row B\n- Row C"


@pytest.mark.parametrize(
    "word",
    ["OTP", "EAN", "SCAN", "TOUCH", "UPLOAD", "TRACK", "LOCATION", "WEB", "SELFIE", "BILL"],
)
def test_words_that_are_not_supported_are_refused_by_name(word: str) -> None:
    with pytest.raises(LoadErrors, match=f"{word} is not supported"):
        library.compile_source(f"- {word} Please >> $x", file="test.yaml", name="test")


# -- lines with options ---------------------------------------------------------------------------


PICK = (
    "- INFO >> $pick:\n    Text: Anything else?\n    Options: [/Map, /Menu]\n"
    "- IF $pick: INFO Here is the {$pick}\n- TEXT Your name? >> $name\n- DONE Bye {$name}"
)


def test_option_of_a_line_is_chosen_while_the_script_waits(alice: Person) -> None:
    chat = open_talker(alice, PICK)
    line, question = alice.prompts(chat)
    assert [option["ID"] for option in line["Options"]] == ["Map", "Menu"]
    assert alice.reply(chat, line, Answer="Map").status == 200
    pump()
    assert alice.lines(chat)[-2:] == ["INFO Here is the Map", "TEXT Your name?"]
    # The old question is withdrawn: it can be neither fetched nor answered.
    assert Prompt.objects.get(pk=question["Hook"]).state == "WITHDRAWN"
    alice.reply(chat, question, Answer="Bob")
    pump()
    alice.answer_last(chat, Answer="Alice")
    assert alice.lines(chat)[-1] == "DONE Bye Alice"


def test_option_of_a_line_is_chosen_after_the_end_and_again(alice: Person) -> None:
    chat = open_talker(alice, PICK)
    line = alice.prompts(chat)[0]
    alice.answer_last(chat, Answer="Alice")
    assert last_run().state == "DONE"
    for choice in ("Menu", "Map"):
        assert alice.reply(chat, line, Answer=choice).status == 200
        pump()
        assert alice.lines(chat)[-2:] == [f"INFO Here is the {choice}", "TEXT Your name?"]
    alice.answer_last(chat, Answer="Alice")
    assert last_run().state == "DONE"


def test_choice_that_is_none_changes_nothing(alice: Person) -> None:
    chat = open_talker(alice, PICK)
    before = alice.lines(chat)
    alice.reply(chat, alice.prompts(chat)[0], Answer="Bill")
    pump()
    assert alice.lines(chat) == before


def test_stranger_chooses_nothing(alice: Person, bob: Person) -> None:
    chat = open_talker(alice, PICK)
    other = open_talker(bob, "- INFO Hello", key="other")
    before = alice.lines(chat)
    assert bob.reply(other, alice.prompts(chat)[0], Answer="Map").status != 200
    pump()
    assert alice.lines(chat) == before
