"""What a person does with chats and tokens that are there, with the Python wallet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.models import Chat
from host.services import save_talker
from tests.pump import pump
from tests.wallets.conftest import Scene
from wallets.client import Wallet, WalletError
from wallets.client.__main__ import main
from wallets.client.errors import Untrusted

Make = Callable[..., Scene]
TICKET = ".HOST,theatre.test,ticket"
YES = {"TEXT": {"Result": "OK", "Answer": "Alice"}, "CONFIRM": {"Result": "YES"}}
NOBODY = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
MAP = "iVBORw0KGgo="


def test_chat_is_listed_begun_again_and_left(scene: Make) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    [chat] = alice.wallet.chats()
    assert chat["Host"] == "theatre.test" and "Seed" not in chat
    alice.wallet.restart(chat["Chat"])
    alice.settle()
    assert alice.asked.count("What name should be on the ticket?") == 2
    alice.wallet.leave(chat["Chat"])
    pump()
    assert Chat.objects.get().state == "ABANDONED"
    assert "Left" in alice.wallet.chats()[0]
    with pytest.raises(Untrusted):
        alice.wallet.leave(NOBODY)


def test_token_that_is_deleted_is_gone_from_its_folder(scene: Make) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    document = alice.wallet.tokens()[0]["Document"]
    alice.wallet.remove(document["Issuer"], document["Token"])
    assert alice.wallet.tokens() == [] and not list(alice.folder.rglob(f"*{document['Token']}*"))
    with pytest.raises(WalletError, match="no such token"):
        alice.wallet.remove(document["Issuer"], document["Token"])


def test_renamed_wallet_keeps_its_name(scene: Make) -> None:
    alice = scene()
    alice.wallet.rename("  Tickets  ")
    alice.reopen()
    assert alice.wallet.state["Name"] == "Tickets"


def test_appendix_is_fetched_for_a_prompt_that_has_one(scene: Make) -> None:
    source = f"💬 Map:\n- INFO Your map:\n    Appendix:\n        Type: PNG\n        Content: {MAP}\n- INFO: Good luck.\n"  # noqa: E501
    save_talker(domain="theatre.test", key="map", title="Map", source=source)
    alice = scene()
    alice.open(".HOST,theatre.test,map")
    [chat] = alice.wallet.chats()
    prompts = {each["Text"]: each for each in chat["Prompts"].values()}
    fetched = alice.wallet.appendix(chat["Chat"], prompts["Your map"]["Prompt"])
    assert fetched.startswith(b"\x89PNG")
    with pytest.raises(WalletError, match="no such appendix"):
        alice.wallet.appendix(chat["Chat"], prompts["Good luck."]["Prompt"])


def test_commands_list_leave_delete_and_rename(
    scene: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    [chat] = alice.wallet.chats()
    token = alice.wallet.tokens()[0]["Document"]["Token"]
    alice.wallet.close()
    command = ["--folder", str(alice.folder), "--route", alice.route]
    assert main([*command, "chats"]) == 0
    assert f"{chat['Chat']}  theatre.test  The Guild theatre" in capsys.readouterr().out
    assert main([*command, "leave", NOBODY]) == 1
    assert main([*command, "leave", chat["Chat"][:12]]) == 0
    assert main([*command, "rename", "My", "tickets"]) == 0
    assert main([*command, "delete", token]) == 0
    assert Wallet(Path(alice.folder)).tokens() == []
