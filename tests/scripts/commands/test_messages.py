"""SEND in its forms, and what of a script's values may leave; CALL."""

from __future__ import annotations

from typing import Any

import pytest

from host.services import open_chat
from messaging.models import OutboxMessage
from messaging.signing import PrivateKey
from scripts import library, services
from scripts.language.errors import LoadErrors
from tests.scripts.commands.play import error, value
from tests.scripts.engine import begin

pytestmark = pytest.mark.django_db(transaction=True)
PROMPT = "Subject: Prompt@Broker"


def sent(script: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    """Return recipient and body of the one message that a script sends."""
    begin(script, inputs=inputs)
    services.sweep()
    [message] = OutboxMessage.objects.all()
    return message.recipient, dict(message.body)


@pytest.fixture(autouse=True)
def _places(places: list[str]) -> None:
    """Messages need domains with keys."""


@pytest.mark.parametrize(
    "script",
    [
        "- SEND:\n    To: broker.test\n    Subject: Prompt@Broker\n    Chat: $c\n    N: 7",
        "- SEND:\n    Header:\n        To: broker.test\n        Subject: Prompt@Broker\n"
        "    Body:\n        Chat: $c\n        N: 7",
        '- PUT >> $x:\n    Where: $c\n    Number: 7\n- SEND $x:\n    To: "broker.test"\n'
        '    Subject: "Prompt@Broker"\n    Chat: Where\n    N: Number',
        "- PUT >> $x:\n    Where: $c\n    Number: 7\n- SEND|$x:\n    Header:\n"
        '        To: "broker.test"\n        Subject: "Prompt@Broker"\n'
        "    Body:\n        Chat: Where\n        N: Number",
    ],
)
def test_each_form_sends_the_same(script: str) -> None:
    assert sent(script, c="chat") == ("broker.test", {"Chat": "chat", "N": "7"})


def test_recipient_is_the_own_domain_when_none_is_named() -> None:
    assert sent(f"- SEND:\n    {PROMPT}\n    Chat: x")[0] == "theatre.test"


def test_row_is_never_sent_as_a_whole() -> None:
    _, body = sent(
        f"- READ Host.Chats >> $c:\n    Key: $id\n- SEND:\n    To: broker.test\n    {PROMPT}\n"
        "    Chat: $c\n    Map:\n        Inner: $c",
        id=_chat(),
    )
    assert body == {"Chat": body["Chat"], "Map": {"Inner": body["Chat"]}}
    assert len(body["Chat"]) == 36


def _chat() -> str:
    chat = open_chat(
        "theatre.test",
        broker="broker.test",
        chat="0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001",
        state="OPENED",
        public_key=PrivateKey.generate().public.spki,
    )
    return str(chat.pk)


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("- SEND >> $x:\n    Subject: Prompt@Broker", "Prompt@Broker has no answer: leave out"),
        ("- SEND:\n    Subject: Chat@Broker", "Chat@Broker has an answer: take it with"),
        (
            "- SEND:\n    Header:\n        Subject: Frontend@Broker\n    Body:\n        A: 1",
            "Frontend@Broker has an answer",
        ),
    ],
)
def test_output_must_agree_with_the_subject_at_load_time(script: str, fault: str) -> None:
    with pytest.raises(LoadErrors, match=fault):
        library.compile_source(script, file="test.yaml", name="test")


def test_output_must_agree_with_a_subject_that_only_the_run_knows() -> None:
    assert "Chat@Broker is sync" in error("- PUT Chat@Broker >> $s\n- SEND:\n    Subject: $s")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("- SEND:\n    To: broker.test", "needs a Subject"),
        (f"- SEND:\n    Header:\n        {PROMPT}\n    Chat: x", "Chat goes into Header or Body"),
        (f"- SEND:\n    To: not a domain\n    {PROMPT}", "domain"),
    ],
)
def test_messages_that_cannot_be_sent(script: str, said: str) -> None:
    assert said in error(script)


# -- CALL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("- CALL .Default($none, x) >> $r\n- RETURN: $r", "x"),
        ("- CALL .Default >> $r:\n    - $none\n    - y\n- RETURN: $r", "y"),
        ("- CALL: .Default($none, z) >> $r\n- RETURN: $r", "z"),
        ("- CALL|.Default|$none|w >> $r\n- RETURN: $r", "w"),
        (
            "- PUT >> $rows:\n    - Title: A\n      Seat: 1\n    - Title: B\n      Seat: 2\n"
            "- CALL .Format >> $r:\n    - $rows\n    - Title\n- RETURN: $r",
            ["A", "B"],
        ),
    ],
)
def test_call_of_a_function(script: str, expected: Any) -> None:
    assert value(script) == expected


@pytest.mark.parametrize("command", ["CALL myCode(1)", "CALL", "CALL .Nonesuch(1)"])
def test_call_of_hosted_code_is_refused_by_name(command: str) -> None:
    with pytest.raises(LoadErrors):
        library.compile_source(f"- {command} >> $x", file="test.yaml", name="test")


def test_async_is_not_supported() -> None:
    with pytest.raises(LoadErrors, match="ASYNC is not supported"):
        library.compile_source("- ASYNC work >> $h", file="test.yaml", name="test")
