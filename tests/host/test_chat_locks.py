"""Who speaks in a chat, answers there or ends it, at the same moment: schedules on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from host import services
from host.models import Chat, Prompt
from messaging import clock
from scripts import hooks
from scripts.language.errors import ScriptError
from scripts.models import Hook, Signal
from tests.host.talkers import open_talker
from tests.person import Person
from tests.scripts.engine import DOMAIN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _locks_are_of_rows() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("one lock for the whole database is SQLite's")


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Do `work` in a transaction of another connection; give what commits it."""
    done, go = threading.Event(), threading.Event()
    faults: list[Exception] = []

    def run() -> None:
        try:
            with transaction.atomic():
                work()
                done.set()
                assert go.wait(10)
        except (OperationalError, ScriptError, AssertionError) as fault:
            faults.append(fault)
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert done.wait(10)

    def commit() -> None:
        go.set()
        thread.join(10)
        assert faults == []

    try:
        yield commit
    finally:
        go.set()
        thread.join(10)


def ask(chat: Chat) -> Prompt:
    until = clock.now() + timedelta(days=1)
    return services.create_prompt(chat, format="TEXT", text="Still there?", expires_at=until)


def a_chat(person: Person) -> Chat:
    open_talker(person, "- TEXT Name? >> $n\n- DONE Hello {$n}")
    return Chat.objects.get(domain=DOMAIN)


def test_question_that_is_being_asked_is_withdrawn_when_the_chat_ends(alice: Person) -> None:
    chat = a_chat(alice)
    with meanwhile(lambda: ask(chat)) as commit:
        with pytest.raises(OperationalError):  # its segment begins again
            services.end_chat(str(chat.pk), state="ABANDONED")
        commit()
    services.end_chat(str(chat.pk), state="ABANDONED")
    assert set(Prompt.objects.values_list("state", flat=True)) == {"WITHDRAWN"}


def test_question_is_not_asked_in_a_chat_that_is_ending(alice: Person) -> None:
    chat = a_chat(alice)
    with meanwhile(lambda: services.end_chat(str(chat.pk), state="ABANDONED")) as commit:
        with pytest.raises(OperationalError), transaction.atomic():
            ask(chat)  # by a run that has read the chat as ACTIVE
        commit()
    with pytest.raises(ScriptError, match="has ended"), transaction.atomic():
        ask(chat)
    assert set(Prompt.objects.values_list("state", flat=True)) == {"WITHDRAWN"}


def test_answer_waits_for_the_chat_without_holding_its_prompt(alice: Person) -> None:
    """Whoever ends the chat comes to the prompt next: had the answer locked it, both would wait."""
    chat = a_chat(alice)
    prompt = Prompt.objects.get()
    refused: list[str] = []

    def reply() -> None:
        try:
            services.reply_prompt(str(prompt.pk), result="OK", answer="Alice")
        except ScriptError as error:
            refused.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=reply)
    with transaction.atomic():
        services.ENDING.get(chat.pk)
        thread.start()
        _wait_for_somebody_blocked()
        locked = Prompt.objects.select_for_update(no_key=True, nowait=True)
        assert locked.get(pk=prompt.pk).state == "INSERTED"
        services.end_chat(str(chat.pk), state="ABANDONED")
    thread.join(10)
    assert refused == ["this prompt has expired"]


def _wait_for_somebody_blocked() -> None:
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for us")


def test_row_that_refers_to_a_locked_one_is_committed_at_once(alice: Person) -> None:
    """The key is looked at when it commits, while whoever holds the lock may wait for us."""
    a_chat(alice)
    hook = Hook.objects.filter(domain=DOMAIN).latest("id")
    with meanwhile(lambda: hooks.LOCKED_BY_ID.get(hook.pk)), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
        Signal.objects.create(hook=hook, source="test", origin="x", created_at=clock.now())
        Prompt.objects.filter(pk=ask(Chat.objects.get(domain=DOMAIN)).pk).delete()
    assert Signal.objects.filter(source="test").exists()


def test_run_that_ends_leaves_a_question_that_is_being_answered(alice: Person) -> None:
    """It holds its mailboxes, and whoever answers comes to them next."""
    a_chat(alice)
    prompt = Prompt.objects.get()
    with meanwhile(
        lambda: services.reply_prompt(str(prompt.pk), result="OK", answer="A")
    ) as commit:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            services.withdraw_questions(prompt.run, None)
        commit()
    prompt.refresh_from_db()
    assert prompt.state == "REPLIED"
