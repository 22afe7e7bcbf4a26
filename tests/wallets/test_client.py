"""The wallet client against a real server: what it keeps, what it refuses, what it survives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.models import Token as BrokerToken
from host.services import save_talker
from issuer.models import Token
from issuer.models import TokenEvent as IssuerEvent
from issuer.services import revise_token, revoke_token, withdraw_offer
from messaging import clock
from messaging.signing import PrivateKey
from tests.pump import pump
from tests.wallets.conftest import Scene
from wallets.client import Unreachable, Wallet, WalletError, handlers
from wallets.client import events as kinds
from wallets.client.errors import Untrusted
from wallets.client.wallet import well_formed

Make = Callable[..., Scene]
UUID = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
TICKET = ".HOST,theatre.test,ticket"
YES = {"TEXT": {"Result": "OK", "Answer": "Alice"}, "CONFIRM": {"Result": "YES"}}


def kinds_of(happened: list[kinds.Event]) -> list[str]:
    return [event.kind for event in happened]


def test_accepted_token_is_verified_kept_and_reported(scene: Make) -> None:
    alice = scene(**YES)
    happened = alice.open(TICKET)
    assert kinds.SAVED in kinds_of(happened)
    [token] = alice.wallet.tokens()
    assert token["Valid"]
    assert token["Document"] == Token.objects.get().document
    assert BrokerToken.objects.get().path == f"tokens/theatre.test/{Token.objects.get().pk}.json"
    assert alice.wallet.frontend()["Tokens"][0]["Status"] == "ACTIVE"
    assert alice.asked == ["What name should be on the ticket?", "Keep this in your wallet?"]


def test_line_before_a_question_is_told_before_it_is_asked(scene: Make) -> None:
    alice = scene(**YES)
    told: list[str] = []
    told_when_asked: list[bool] = []

    def answer(wallet: Wallet, prompt: dict[str, Any]) -> None:
        told_when_asked.append(any("Good evening" in text for text in told))

    alice.wallet.answer = answer
    alice.wallet.locate(TICKET)
    while not told_when_asked:
        pump()
        alice.wallet.poll(tell=lambda news: told.extend(event.text for event in news))
    assert told_when_asked == [True]


def test_notification_that_cannot_be_handled_keeps_none_behind_it_waiting(
    scene: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = scene(**YES)
    real, seen = Wallet._handle, []

    def handle(wallet: Wallet, value: object) -> list[kinds.Event]:
        seen.append(json.dumps(value, sort_keys=True))
        if seen[-1] == seen[0]:
            raise KeyError("a fault of ours")
        return real(wallet, value)

    monkeypatch.setattr(Wallet, "_handle", handle)
    for _ in range(2):
        alice.wallet.locate(TICKET)
        pump()
    happened = kinds_of(alice.wallet.poll())
    assert kinds.FAILED in happened
    assert len(happened) > 1
    monkeypatch.setattr(Wallet, "_handle", real)
    assert kinds.FAILED not in kinds_of(alice.wallet.poll())  # it has waited, and is handled
    assert seen.count(seen[0]) == 1


def test_peer_that_is_silent_delays_only_what_is_meant_for_it(
    scene: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a backup had still to send."""
    alice = scene(**YES)
    entries: list[dict[str, Any]] = [
        {"as": "wallet", "to": to, "subject": "Saved@Broker", "body": {}, "correlation": UUID}
        for to in ("silent.test", "broker.test", "silent.test")
    ]
    alice.wallet.folder.write("outbox.json", entries)
    tried: list[str] = []

    def post(envelope: Any) -> bytes:
        tried.append(envelope.header.to)
        if envelope.header.to == "silent.test":
            raise Unreachable("silent.test")
        return b""

    monkeypatch.setattr(alice.wallet.transport, "post", post)
    alice.wallet.poll()
    assert tried == ["silent.test", "broker.test"]
    assert [entry["to"] for entry in alice.wallet.folder.read("outbox.json")] == ["silent.test"] * 2


def test_unanswered_prompt_is_left_and_acknowledged(scene: Make) -> None:
    alice = scene(TEXT=None)
    assert kinds.UNANSWERED in kinds_of(alice.open(TICKET))
    assert alice.settle() == []
    assert not alice.wallet.tokens()


def test_tampered_document_is_refused_never_stored_never_reported(scene: Make) -> None:
    alice = scene(**YES)
    change_document(alice, lambda document: document["Context"].update(Seat="A1"))
    assert kinds.REFUSED in kinds_of(alice.open(TICKET))
    assert alice.wallet.tokens() == []
    assert BrokerToken.objects.get().state == "OFFERED"


def test_token_whose_report_got_lost_until_the_offer_lapsed_is_let_go_of(scene: Make) -> None:
    """Stored, but the broker could not be told; meanwhile both sides have let the offer lapse."""
    alice = scene(**YES)
    tell = alice.wallet.tell

    def cut(subject: str, body: dict[str, Any]) -> None:
        if subject == "Saved@Broker":
            raise Unreachable("the link is cut")
        tell(subject, body)

    alice.wallet.tell = cut  # type: ignore[method-assign]
    alice.wallet.locate(TICKET)
    while not alice.wallet.tokens():
        pump()
        alice.wallet.poll()
    clock.move(8 * 24 * 3600)
    pump()
    assert Token.objects.get().state == "EXPIRED"
    alice.wallet.tell = tell  # type: ignore[method-assign]
    assert kinds.REMOVED in kinds_of(alice.settle())
    assert alice.wallet.tokens() == []


def test_document_for_another_token_is_refused(scene: Make) -> None:
    alice = scene(**YES)
    other = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
    change_document(alice, lambda document: document.update(Token=other))
    assert kinds.REFUSED in kinds_of(alice.open(TICKET))
    assert alice.wallet.tokens() == []


def change_document(scene: Scene, change: Callable[[dict[str, Any]], None]) -> None:
    """Let the wallet receive a document that somebody has changed on the issuer's disk."""
    asked = scene.wallet.ask_in_chat

    def ask(chat: str, to: str, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = asked(chat, to, subject, body)
        if subject == "Issued@Issuer":
            change(answer)
        return answer

    scene.wallet.ask_in_chat = ask  # type: ignore[method-assign]


def test_wrong_issuer_key_is_refused(scene: Make) -> None:
    alice = scene(**YES)
    alice.wallet.keys.known["theatre.test pw1"] = PrivateKey.generate().public.spki
    happened = alice.open(TICKET)
    assert kinds.SAVED not in kinds_of(happened)
    assert alice.wallet.tokens() == []


def test_notification_that_the_broker_did_not_sign_is_refused(scene: Make) -> None:
    alice = scene(**YES)
    alice.wallet.keys.known["broker.test pw1"] = PrivateKey.generate().public.spki
    assert set(kinds_of(alice.open(TICKET))) == {kinds.REFUSED}


def test_crash_between_store_and_report_is_made_good(
    scene: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = scene(**YES)
    told = Wallet.tell

    def cut(wallet: Wallet, subject: str, body: dict[str, Any]) -> None:
        if subject == "Saved@Broker":
            raise Unreachable("cut")
        told(wallet, subject, body)

    with monkeypatch.context() as patched:
        patched.setattr(Wallet, "tell", cut)
        alice.wallet.locate(TICKET)
        while kinds.FAILED not in kinds_of(alice.wallet.poll()):
            pump()
    assert BrokerToken.objects.get().state == "OFFERED"
    alice.reopen()
    alice.settle()
    assert BrokerToken.objects.get().state == "SAVED"
    assert Token.objects.get().state == "ACCEPTED"
    assert alice.asked.count("Keep this in your wallet?") == 1


def test_crash_after_the_answer_is_kept_does_not_ask_again(
    scene: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = scene(**YES)

    def cut(*_: Any) -> None:
        raise Unreachable("cut")

    with monkeypatch.context() as patched:
        patched.setattr(Wallet, "tell_in_chat", cut)
        alice.wallet.locate(TICKET)
        while kinds.FAILED not in kinds_of(alice.wallet.poll()):
            pump()
    alice.reopen()
    alice.settle()
    assert alice.asked.count("What name should be on the ticket?") == 1
    assert Token.objects.get().state == "ACCEPTED"


def test_revoked_token_is_shown_as_void(scene: Make) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    revoke_token(str(Token.objects.get().pk), origin="operator:bob")
    happened = alice.settle()
    assert [e.text for e in happened if e.kind == kinds.UPDATED][-1].endswith("REVOKED")
    assert alice.wallet.tokens()[0]["Status"] == "REVOKED"


def test_removed_token_leaves_the_list_but_not_the_disk(scene: Make) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    token = str(Token.objects.get().pk)
    body = {"Issuer": "theatre.test", "Token": token}
    [event] = handlers.remove_token(alice.wallet, body)
    assert event.kind == kinds.REMOVED
    assert alice.wallet.tokens() == []
    assert (alice.folder / "removed" / "theatre.test" / f"{token}.json").exists()


def test_onboarding_again_after_a_lost_answer_gets_the_same_wallet(
    scene: Make, tmp_path: Path
) -> None:
    alice = scene()
    first = alice.wallet.id
    (alice.folder / "wallet.json").unlink()
    (alice.folder / ".onboarded.json").rename(alice.folder / "onboarding.json")
    again = Wallet.create(alice.folder, notifier="notifier.test", routes=[alice.route])
    assert again.id == first
    again.close()


def test_folder_with_a_wallet_is_not_overwritten(scene: Make) -> None:
    alice = scene()
    with pytest.raises(WalletError, match="already"):
        Wallet.create(alice.folder, notifier="notifier.test", routes=[alice.route])


def test_files_are_for_their_owner_only_and_events_hold_no_secret(scene: Make) -> None:
    alice = scene(**YES)
    happened = alice.open(TICKET)
    assert alice.folder.stat().st_mode & 0o077 == 0
    files = list(alice.folder.rglob("*.json"))
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    seeds = [json.loads(path.read_text()).get("Seed") for path in files]
    said = json.dumps([[event.text, event.details] for event in happened])
    assert not any(seed in said for seed in seeds if seed)


@pytest.mark.parametrize(
    "body",
    [{"Chat": "../../etc"}, {"Token": "../x"}, {"Issuer": "../../theatre"}, {}, {"Issuer": 7}],
)
def test_names_that_would_leave_the_folder_are_refused(body: dict[str, Any]) -> None:
    good = {
        "Wallet": UUID,
        "Issuer": "theatre.test",
        "Token": UUID,
        "Chat": UUID,
    }
    assert well_formed("Save@Notifier", good) == good
    with pytest.raises(Untrusted):
        well_formed("Save@Notifier", {**good, **body} if body else {})


def test_nobody_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        Wallet.create(tmp_path, notifier="nobody.test", routes=["*.test=http://127.0.0.1:9"])


PAIR = """💬 Two seats:
- PARALLEL:
    - ISSUE .HOST/BOOKING >> $one:
        Context:
            Seat: B10
    - ISSUE .HOST/BOOKING >> $two:
        Context:
            Seat: B11
- DONE: "{$one.Context.Seat} and {$two.Context.Seat}"
"""


def pair() -> str:
    """Keep a talker that offers two seats at once; return its locator."""
    save_talker(domain="theatre.test", key="pair", title="Two seats", source=PAIR)
    return ".HOST,theatre.test,pair"


def test_two_offers_of_one_script_are_asked_in_turn_and_both_kept(scene: Make) -> None:
    alice = scene(**YES)
    happened = alice.open(pair())
    assert alice.asked == ["Keep this in your wallet?"] * 2
    assert kinds_of(happened).count(kinds.SAVED) == 2
    seats = {token["Document"]["Context"]["Seat"] for token in alice.wallet.tokens()}
    assert seats == {"B10", "B11"}
    said = [event.text for event in happened if event.kind == kinds.SHOWN]
    assert said[-1].endswith("B10 and B11")


def test_question_whose_offer_is_withdrawn_is_let_go_of(scene: Make) -> None:
    alice = scene(CONFIRM=None)
    assert kinds.UNANSWERED in kinds_of(alice.open(pair()))
    [asked] = BrokerToken.objects.filter(state="DETAILED")
    withdraw_offer(str(asked.token), origin="operator:ada", why="sold elsewhere")
    happened = alice.settle()
    assert kinds.ENDED in kinds_of(happened)
    # The other one's turn has come.
    assert alice.asked == ["Keep this in your wallet?"] * 2
    assert kinds.UNANSWERED in kinds_of(happened)


def test_token_that_is_suspended_and_good_again_is_told_each_time(scene: Make) -> None:
    alice = scene(**YES)
    alice.open(TICKET)
    token = str(Token.objects.get().pk)
    shown = []
    for status in ("SUSPENDED", "ACTIVE", "SUSPENDED", "ACTIVE", "REVOKED"):
        revise_token(token, status=status, origin="operator:ada")
        happened = alice.settle()
        assert kinds.UPDATED in kinds_of(happened)
        [kept] = alice.wallet.tokens()
        shown.append((kept["Status"], kept["State"]))
        assert BrokerToken.objects.get().status == status
    assert shown == [
        ("SUSPENDED", "suspended"),
        ("ACTIVE", "valid"),
        ("SUSPENDED", "suspended"),
        ("ACTIVE", "valid"),
        ("REVOKED", "revoked"),
    ]
    events = IssuerEvent.objects.filter(kind="STATUS").order_by("at")
    assert [event.value for event in events] == [status for status, _ in shown]
