"""Chats: menus, beginning again, goodbye and leaving, faces, talkers for one occasion."""

from __future__ import annotations

import pytest

from broker.models import Chat as BrokerChat
from host.models import Chat
from messaging import clock
from scripts import library
from scripts.language.errors import LoadErrors
from scripts.lifecycle import FAILED_LINE
from scripts.models import Hook
from tests.host.talkers import last_run, open_talker
from tests.person import BROKER, Person, response
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin

MENU = (
    "💬 /Return a book:\n- TEXT Which? >> $b\n- DONE {$b} is back\n"
    "💬 [Opening] hours:\n- INFO Nine to five\n"
    "Aside:\n- INFO never shown"
)


# -- menus ----------------------------------------------------------------------------------------


def test_several_entries_are_a_menu(alice: Person) -> None:
    chat = open_talker(alice, MENU)
    [question] = alice.prompts(chat)
    assert question["Format"] == "ONE"
    assert question["Options"] == [
        {"ID": "Return", "Title": "Return a book"},
        {"ID": "Opening", "Title": "Opening hours"},
    ]
    alice.answer_last(chat, Answer="Return")
    alice.answer_last(chat, Answer="Emma")
    assert alice.lines(chat)[-1] == "DONE Emma is back"


def test_entry_that_is_none_is_asked_again(alice: Person) -> None:
    chat = open_talker(alice, MENU)
    alice.answer_last(chat, Answer="Aside")
    assert [line.split()[0] for line in alice.lines(chat)] == ["ONE", "ONE"]
    alice.answer_last(chat, Answer="Opening")
    assert alice.lines(chat)[-1] == "INFO Nine to five"


def test_home_begins_again(alice: Person, bob: Person) -> None:
    chat = open_talker(alice, MENU)
    alice.answer_last(chat, Answer="Opening")
    assert bob.send(BROKER, "Home@Broker", {"Chat": chat}).status == 200
    pump()
    assert len(alice.lines(chat)) == 2  # only the chat's own person may
    assert alice.send(BROKER, "Home@Broker", {"Chat": chat}).status == 200
    pump()
    assert [line.split()[0] for line in alice.lines(chat)] == ["ONE", "INFO", "ONE"]
    alice.answer_last(chat, Answer="Opening")
    assert last_run("Home@Host").state == "DONE"


# -- the end ------------------------------------------------------------------------------------


def test_goodbye_says_done_and_wraps_the_chat_on_both_sides(alice: Person) -> None:
    chat = open_talker(alice, "- INFO Hello\n- GOODBYE Come again\n- LOG still here")
    assert alice.lines(chat) == ["INFO Hello", "DONE Come again"]
    assert Chat.objects.get(chat=chat, domain=DOMAIN).state == "WRAPPED"
    assert BrokerChat.objects.get(pk=chat).state == "WRAPPED"
    assert last_run().state == "DONE"
    assert {"Wallet": alice.wallet, "Updates": ["CHATS"]} in alice.waiting("Updated@Notifier")
    view = response(alice.send(BROKER, "Frontend@Broker", {"Sets": ["Chats"]}))
    assert [row["State"] for row in view["Chats"] if row["Chat"] == chat] == ["WRAPPED"]


def test_goodbye_without_a_word(alice: Person) -> None:
    chat = open_talker(alice, "- GOODBYE\n- GOODBYE Twice")
    assert alice.lines(chat) == []
    assert Chat.objects.get(chat=chat, domain=DOMAIN).state == "WRAPPED"


def test_prompt_after_goodbye_is_an_error(alice: Person) -> None:
    chat = open_talker(alice, "- GOODBYE Bye\n- INFO One more thing")
    run = last_run()
    assert run.state == "FAILED" and "the chat has ended" in run.error
    # The segment is one transaction: nothing was said, and the chat is still there to be told.
    assert alice.lines(chat) == [f"FAIL {FAILED_LINE}"]
    assert Chat.objects.get(chat=chat, domain=DOMAIN).state == "ACTIVE"


def test_run_that_waits_in_a_chat_that_another_closes_ends_and_says_so(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- DONE Hello {$n}")
    waits, question = last_run(), alice.prompts(chat)[-1]
    row = Chat.objects.get(chat=chat, domain=DOMAIN)
    begin(f"- READ Host.Chats >> $c:\n    Key: {row.pk}\n- CHAT $c\n- GOODBYE We close")
    pump()
    waits.refresh_from_db()
    assert (waits.state, waits.error) == (
        "CANCELLED",
        "the chat was closed while it waited there",
    )
    assert alice.lines(chat)[-1] == "DONE We close"
    alice.reply(chat, question, Answer="Alice")
    pump()
    assert alice.lines(chat)[-1] == "DONE We close"
    assert not Hook.objects.filter(run=waits).exists()


def test_person_who_leaves_ends_what_waits(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- DONE Hello {$n}")
    for _ in range(2):
        assert alice.send(BROKER, "Abandon@Broker", {"Chat": chat}).status == 200
        pump()
    assert BrokerChat.objects.get(pk=chat).state == "ABANDONED"
    assert Chat.objects.get(chat=chat, domain=DOMAIN).state == "ABANDONED"
    run = last_run()
    assert (run.state, run.error) == ("CANCELLED", "the person has left the chat")


def test_run_that_speaks_after_the_person_left_ends_quietly_and_keeps_its_work(
    alice: Person,
) -> None:
    chat = open_talker(
        alice, "- WAIT door >> $x\n- RACE elsewhere: $x\n- INFO Hello\n- RACE never: $x"
    )
    alice.send(BROKER, "Abandon@Broker", {"Chat": chat})
    pump()
    assert last_run().state == "WAITING"
    begin("- RACE door: open")
    pump()
    run = last_run()
    assert (run.state, run.error) == ("CANCELLED", "the person has left the chat")
    assert Hook.objects.filter(name="elsewhere").exists()
    assert not Hook.objects.filter(name="never").exists()


def test_answer_that_came_before_the_end_counts(alice: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n\n- LOG {$n}\n- WAIT door >> $x")
    alice.reply(chat, alice.prompts(chat)[-1], Answer="Alice")
    alice.send(BROKER, "Abandon@Broker", {"Chat": chat})
    pump()
    run = last_run()
    assert run.state == "WAITING"
    assert run.events.filter(data__log=["Alice"]).exists()


def test_stranger_cannot_end_a_chat(alice: Person, bob: Person) -> None:
    chat = open_talker(alice, "- TEXT Name? >> $n")
    bob.send(BROKER, "Abandon@Broker", {"Chat": chat})
    begin(
        f"- SEND:\n    To: {BROKER}\n    Subject: Goodbye@Broker\n    Chat: {chat}",
        domain="gym.test",
    )
    begin(
        f"- SEND:\n    To: {DOMAIN}\n    Subject: Abandoned@Host\n    Chat: {chat}",
        domain="gym.test",
    )
    pump()
    assert BrokerChat.objects.get(pk=chat).state == "ACTIVE"
    assert Chat.objects.get(chat=chat, domain=DOMAIN).state == "ACTIVE"


def test_choice_at_a_line_leads_nowhere_after_the_end(alice: Person) -> None:
    chat = open_talker(
        alice, "- INFO >> $p:\n    Text: More?\n    Options: [Yes]\n- IF $p: INFO More\n- GOODBYE"
    )
    assert last_run().state == "DONE"
    alice.reply(chat, alice.prompts(chat)[0], Answer="Yes")
    pump()
    assert alice.lines(chat) == ["INFO More?"]


# -- faces and talkers --------------------------------------------------------------------------


def test_emoji_is_the_face_of_questions_that_follow(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- ONE Before? >> $a:\n    Options: [Yes]\n- EMOJI 😌\n- ONE After? >> $b:\n"
        "    Options: [Yes]\n- ONE Now? >> $b:\n    Options: [Yes]\n    Emoji: 🤣\n- INFO Done",
    )
    for _ in range(3):
        alice.answer_last(chat, Answer="Yes")
    assert [each["Emoji"] for each in alice.prompts(chat)] == ["😃", "😌", "🤣", "ℹ️"]


def test_freeze_gives_its_map_back_and_returns_lead_nowhere(alice: Person) -> None:
    chat = open_talker(
        alice,
        "- INFO >> $p:\n    Text: More?\n    Options: [Yes]\n- IF $p: INFO More\n"
        "- FREEZE >> $i:\n    Seat: B10\n- INFO Seat {$i.Seat}",
    )
    alice.reply(chat, alice.prompts(chat)[0], Answer="Yes")
    pump()
    assert alice.lines(chat) == ["INFO More?", "INFO Seat B10"]


def test_registered_talker_is_opened_by_its_locator(alice: Person, bob: Person) -> None:
    chat = open_talker(
        alice,
        "- REGISTER Friend >> $where:\n    Seat: B11\n- INFO {$where}\n"
        "Friend:\n- DONE Your friend kept {$Seat} for you",
    )
    locator = alice.prompts(chat)[0]["Text"]
    assert locator.startswith(f".HOST,{DOMAIN},")
    friends = bob.open(locator)
    assert bob.lines(friends) == ["DONE Your friend kept B11 for you"]
    clock.move(7 * 86400 + 1)
    late = bob.open(locator)
    assert bob.lines(late) == [f"FAIL {FAILED_LINE}"]


def test_registered_script_must_exist() -> None:
    with pytest.raises(LoadErrors, match="Friend"):
        library.compile_source("- REGISTER Friend >> $where", file="test.yaml", name="test")


def test_chat_of_another_is_refused(alice: Person) -> None:
    chat = open_talker(alice, "- INFO Hello")
    run = begin(f"- CHAT {chat}\n- INFO Psst", domain="gym.test")
    pump()
    run.refresh_from_db()
    assert run.state == "FAILED"
