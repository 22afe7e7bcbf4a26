"""A handler that has not proved its message has no effect at all."""

from __future__ import annotations

import pytest

from host.models import Chat
from messaging import inbox
from messaging.models import InboxMessage, OutboxMessage
from scripts import library, services
from scripts.language.errors import LoadErrors
from scripts.models import Run, Signal
from scripts.registry import registry
from tests.parties import send_as
from tests.pump import pump

CHAT = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
SAVE = f"""
- SAVE Host.Chats:
    Broker: broker.test
    Chat: {CHAT}
    PublicKey: MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
"""
SEND = """
- SEND:
    To: broker.test
    Subject: Prompt@Broker
"""
RACE = "- RACE door: x"
WAIT = "- WAIT door"
ANSWER = "- RETURN:\n    Secret: x"


@pytest.fixture
def message(places: list[str]) -> InboxMessage:
    """A message of a domain, whose own handler has not run."""
    answer = send_as("broker.test", "theatre.test", "Hello@Host", {"Chat": CHAT})
    assert answer == inbox.Answer(200)
    Run.objects.all().delete()
    return InboxMessage.objects.get()


def handled(message: InboxMessage, commands: str) -> Run:
    version = library.compile_source(commands, file="handler.yaml", name="handler")
    run = services.start_run(
        version,
        next(iter(version.file.scripts)),
        domain=message.recipient,
        trigger="by hand",
        message=message,
    )
    assert run is not None
    pump()
    run.refresh_from_db()
    message.refresh_from_db()
    return run


@pytest.mark.parametrize("commands", [SAVE, SEND, RACE, WAIT, ANSWER])
def test_effect_before_verify_is_refused(message: InboxMessage, commands: str) -> None:
    run = handled(message, commands)
    assert run.state == "FAILED"
    assert (message.state, message.response_status, message.response) == ("DISCARDED", 403, None)
    assert not Chat.objects.exists()
    # What the refusal itself sends: where the sender's Buffer is, and a word to it.
    told = {"Manifest@Domain", "Feedback@Buffer"}
    assert set(OutboxMessage.objects.values_list("subject", flat=True)) <= told
    assert not Signal.objects.exists()


@pytest.mark.parametrize("commands", [SAVE, SEND, ANSWER])
def test_same_effect_after_verify_is_allowed(message: InboxMessage, commands: str) -> None:
    run = handled(message, "- VERIFY $.Msg\n" + commands.lstrip("\n"))
    assert (run.state, message.state) == ("DONE", "HANDLED")


def test_verify_with_an_empty_key_is_refused(message: InboxMessage) -> None:
    run = handled(message, "- VERIFY $.Msg:\n    Key: $nothing.PublicKey\n" + ANSWER)
    assert (run.state, message.response_status) == ("FAILED", 403)


def test_verify_with_another_key_is_refused(message: InboxMessage) -> None:
    key = "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
    run = handled(message, f"- VERIFY $.Msg:\n    Key: {key}\n" + ANSWER)
    assert (run.state, message.response_status) == ("FAILED", 403)


def test_shipped_handler_without_verify_stops_the_start(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for path in registry.libraries["host"].glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    (folder / "Hello@Host.yaml").write_text("📃 Hello@Host:\n" + SAVE.lstrip("\n"))
    monkeypatch.setitem(registry.libraries, "host", folder)
    with pytest.raises(LoadErrors, match=r"host/scripts/Hello@Host.yaml:1:1: .* must VERIFY"):
        library.load_shipped()


def test_broken_shipped_script_stops_the_start_with_its_place(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Broken.yaml").write_text("📃 Broken:\n- INFO: fine\n- SAEV Host.Chats\n")
    monkeypatch.setitem(registry.libraries, "zzz", tmp_path)
    with pytest.raises(LoadErrors) as stopped:
        library.load_shipped()
    assert str(stopped.value) == (
        "zzz/scripts/Broken.yaml:3:3: unknown command SAEV (did you mean SAVE?)"
    )
