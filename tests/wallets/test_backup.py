"""A wallet's backup, names, codes and states, as the Python client has them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from issuer.models import Token
from messaging import clock
from messaging.canonical import canonical_bytes
from messaging.ids import uuid4
from messaging.syntax import parse_locator
from tests.flows.steps import TICKET
from tests.pump import pump
from tests.wallets.conftest import Scene
from wallets.client import Wallet, WalletError, codes, sealing
from wallets.client.__main__ import main

Make = Callable[..., Scene]
YES: dict[str, Any] = {
    "CONFIRM": {"Result": "YES"},
    "TEXT": {"Result": "OK", "Answer": "Alice"},
}
PASSPHRASE = "a made-up passphrase"


def with_ticket(scene: Make) -> Scene:
    alice = scene(**YES)
    alice.open(TICKET)
    return alice


def test_restored_wallet_has_its_tokens_and_chats_and_goes_on(scene: Make, tmp_path: Path) -> None:
    alice = with_ticket(scene)
    [token] = alice.wallet.tokens()
    alice.wallet.tag("theatre.test", token["Document"]["Token"], "Row B")
    text = alice.wallet.backup(PASSPHRASE)
    alice.wallet.close()
    folder = tmp_path / "new"
    alice.wallet = Wallet.restore(
        folder, text, PASSPHRASE, routes=[alice.route], answer=alice.answer
    )
    alice.wallet.frontend()
    [again] = alice.wallet.tokens()
    assert again == {**token, "Tag": "Row B"}
    assert alice.wallet.chat_key(again["Chat"])
    happened = alice.open(TICKET)  # the wallet's key still opens chats at the broker
    assert any(event.kind == "saved" for event in happened)
    assert len(alice.wallet.tokens()) == 2


def test_backup_without_the_passphrase_shows_and_gives_nothing(scene: Make, tmp_path: Path) -> None:
    alice = with_ticket(scene)
    text = alice.wallet.backup(PASSPHRASE)
    seeds = [alice.wallet.state["Seed"]]
    seeds += [json.loads(path.read_text())["Seed"] for path in alice.folder.glob("chats/*.json")]
    for seed in seeds:
        assert seed not in text
        assert base64.b64encode(bytes.fromhex(seed)).decode() not in text
    assert "Alice" not in text and "theatre" not in text
    with pytest.raises(WalletError, match="passphrase"):
        Wallet.restore(tmp_path / "new", text, "another passphrase")
    assert not (tmp_path / "new" / "wallet.json").exists()


@pytest.mark.parametrize("part", ["Point", "IV", "Data"])
def test_changed_backup_is_refused(scene: Make, tmp_path: Path, part: str) -> None:
    file = json.loads(scene().wallet.backup(PASSPHRASE))
    raw = bytearray(base64.b64decode(file["Sealed"][part]))
    raw[-1] ^= 1
    file["Sealed"][part] = base64.b64encode(raw).decode()
    with pytest.raises(WalletError, match="damaged"):
        Wallet.restore(tmp_path / "new", json.dumps(file), PASSPHRASE)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Format": "countersign-wallet-backup"}'])
def test_what_is_no_backup_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(WalletError, match="not a backup"):
        Wallet.restore(tmp_path / "new", text, PASSPHRASE)


def test_sealed_thing_cannot_pass_for_another() -> None:
    lock = sealing.new_lock(PASSPHRASE)
    pair = sealing.open_lock(lock, PASSPHRASE)
    sealed = sealing.seal(lock, b"seed", "wallet")
    assert sealing.unseal(pair, sealed, "wallet") == b"seed"
    with pytest.raises(WalletError):
        sealing.unseal(pair, sealed, "another")


def test_recovery_code_opens_however_it_is_typed() -> None:
    code = sealing.recovery_code()
    lock = sealing.new_lock(code)
    sealing.open_lock(lock, code.replace("-", "").lower())
    sealing.open_lock(lock, " ".join(code.split("-")))
    with pytest.raises(WalletError):
        sealing.open_lock(lock, sealing.recovery_code())


def test_short_passphrase_is_refused(scene: Make) -> None:
    with pytest.raises(WalletError, match="10 characters"):
        scene().wallet.backup("short")


def test_lock_that_would_keep_us_busy_for_hours_is_refused() -> None:
    lock = {**sealing.new_lock(PASSPHRASE), "Iterations": 2**40}
    with pytest.raises(WalletError, match="unknown way"):
        sealing.open_lock(lock, PASSPHRASE)


def test_answer_that_was_queued_in_the_backup_is_sent_once(scene: Make) -> None:
    alice = scene()
    hook = str(uuid4())
    entry = {
        "as": "wallet",
        "to": "broker.test",
        "subject": "Locate@Broker",
        "body": {"Locator": TICKET, "Hook": hook},
        "correlation": str(uuid4()),
    }
    alice.wallet.folder.write("outbox.json", [entry])
    alice.settle()
    assert alice.wallet.chat_opened_as(hook)
    assert alice.wallet.folder.read("outbox.json") == []


def test_codes_hold_the_status_locator_and_the_whole_document(scene: Make) -> None:
    alice = with_ticket(scene)
    [token] = alice.wallet.tokens()
    document = token["Document"]
    made = alice.wallet.codes_of(document)
    locator = parse_locator(made.link)
    assert (locator.domain, locator.key) == ("broker.test", document["Token"])
    assert locator.inputs == {"Issuer": "theatre.test"}
    encoded = made.offline.removeprefix("PWT1:")
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    assert raw == canonical_bytes(document)


def test_states_of_a_token(scene: Make) -> None:
    alice = with_ticket(scene)
    [token] = alice.wallet.tokens()
    assert token["State"] == "valid"
    document, now = token["Document"], clock.now()
    assert codes.state(document, "", "SUSPENDED", now) == "suspended"
    assert codes.state(document, "", "REVOKED", now) == "revoked"
    assert codes.state(document, "the signature is wrong", "ACTIVE", now) == "invalid"
    assert (
        codes.state({**document, "Starts": "2999-01-01T00:00:00Z"}, "", "ACTIVE", now) == "future"
    )
    past = {**document, "Expires": "2000-01-01T00:00:00Z"}
    assert codes.state(past, "the token has expired", "ACTIVE", now) == "expired"


def test_commands_tag_show_codes_back_up_and_restore(
    scene: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = with_ticket(scene)
    token = str(Token.objects.get().pk)
    pump()
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    folder = ["--folder", str(alice.folder)]
    assert main([*folder, "tag", token, "Row", "B"]) == 0
    assert main([*folder, "tokens"]) == 0
    assert "ACTIVE  Row B" in capsys.readouterr().out
    assert main([*folder, "codes", token]) == 0
    assert f",broker.test,{token},Issuer=theatre.test" in capsys.readouterr().out
    file = str(tmp_path / "alice.backup")
    assert main([*folder, "backup", file, "--passphrase-file", str(secret)]) == 0
    new = ["--folder", str(tmp_path / "new"), "--route", alice.route]
    assert main([*new, "restore", file, "--passphrase-file", str(secret)]) == 0
    assert "1 tokens" in capsys.readouterr().out
    assert main([*new, "codes", "no-such-token"]) == 1
