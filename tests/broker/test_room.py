"""What one wallet, one chat and one message may fill, and lists that come in pages."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from broker import selectors
from broker.models import Chat, Intent, Token, Wallet
from host import services as host
from host.models import Chat as HostChat
from host.models import Prompt, Registered
from messaging import clock, inbox
from messaging.ids import uuid7
from messaging.models import InboxMessage, Refusal
from messaging.registry import subjects
from scripts import hooks, returns
from scripts.language.errors import ScriptError
from scripts.models import Checkpoint, Imprint, Run, Signal
from tests.flows.steps import TICKET, offered_ticket
from tests.parties import send_as
from tests.person import BROKER, Person, response
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin
from wallets.client.frontend import whole_view

CHATS = 130


def locate(person: Person, hook: str = "", **inputs: Any) -> inbox.Answer:
    body = {"Locator": TICKET, "Hook": hook or str(uuid4()), "Inputs": inputs}
    return person.send(BROKER, "Locate@Broker", body)


# -- the size of a message ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(subjects()))
def test_message_of_every_subject_has_a_size(alice: Person, name: str, settings: Any) -> None:
    """More is refused before anything of it is looked up or stored."""
    subject = subjects()[name]
    most = subject.sizes * settings.SUBJECT_MAX_BYTES
    assert most <= 32_768
    by = {sender.value for sender in subject.senders}
    body = {"More": "x" * most}
    before = InboxMessage.objects.count()
    if "DOMAIN" in by:
        answer = send_as("gym.test", BROKER, name, body)
    elif "WALLET" in by:
        answer = alice.send(BROKER, name, body)
    else:
        answer = alice.send("theatre.test", name, body, sender="Anonymous")
    assert answer.status == 422
    assert InboxMessage.objects.count() == before
    assert list(Refusal.objects.values_list("reason", "count")) == [("size", 1)]


def test_locator_with_too_many_inputs_opens_no_chat(alice: Person, settings: Any) -> None:
    assert locate(alice, Seat="x" * 240_000).status == 422
    assert locate(alice, Seat="x" * (settings.LOCATOR_INPUTS_BYTES + 1)).status == 200
    pump()
    assert not Chat.objects.exists()
    assert locate(alice, Seat="x" * 3_000).status == 200
    pump()
    assert len(Chat.objects.get().inputs["Seat"]) == 3_000


def test_broker_that_says_much_of_a_chat_is_refused(places: list[str], alice: Person) -> None:
    chat = alice.open(TICKET)
    kept = HostChat.objects.get(chat=chat, domain=DOMAIN)
    with pytest.raises(ScriptError, match="too much"):
        host.open_chat(
            DOMAIN,
            broker=BROKER,
            chat=str(uuid4()),
            state="ACTIVE",
            public_key=kept.public_key,
            tokens=["x" * 100] * 200,
        )


# -- chats of a wallet ----------------------------------------------------------------------------


def test_wallet_with_as_many_chats_as_may_be_is_told_so(alice: Person, settings: Any) -> None:
    settings.CHATS_MOST = 2
    first = str(uuid4())
    assert locate(alice, first).status == 200
    assert locate(alice).status == 200
    pump()
    assert locate(alice).status == 429
    assert locate(alice, first).status == 200  # said again in other words: it has that chat
    pump()
    assert Chat.objects.count() == 2
    Chat.objects.filter(hook=first).update(state="WRAPPED")
    assert locate(alice).status == 200


def test_oldest_chats_that_ended_make_room(alice: Person, settings: Any) -> None:
    chat, _ = offered_ticket(alice)
    Chat.objects.filter(pk=chat).update(state="WRAPPED")
    settings.CHATS_MOST = 3
    for _ in range(5):
        assert locate(alice).status == 200
        pump()
        Chat.objects.exclude(pk=chat).update(state="ABANDONED")
    assert Chat.objects.count() <= 5
    assert Chat.objects.filter(pk=chat).exists()  # a token came in it


# -- lines, files, talkers, mailboxes -------------------------------------------------------------


def test_chat_takes_only_so_many_lines_of_its_host(alice: Person, settings: Any) -> None:
    chat = alice.open(TICKET)
    settings.PROMPTS_KEPT_IN_CHAT = Intent.objects.filter(chat_id=chat).count() + 1
    line = {"Chat": chat, "Format": "INFO", "Expires": "2126-01-01T00:00:00Z"}
    first = {**line, "Prompt": str(uuid4())}
    assert send_as(DOMAIN, BROKER, "Prompt@Broker", first).status == 200
    pump()
    assert send_as(DOMAIN, BROKER, "Prompt@Broker", {**line, "Prompt": str(uuid4())}).status == 429
    assert send_as(DOMAIN, BROKER, "Prompt@Broker", first).status == 200
    row = HostChat.objects.get(chat=chat, domain=DOMAIN)
    settings.PROMPTS_KEPT_IN_CHAT = Prompt.objects.filter(chat=row).count()
    with pytest.raises(ScriptError, match="lines"), transaction.atomic():
        host.create_prompt(row, format="INFO", text="x", expires_at=clock.now())


def test_domain_has_only_so_many_talkers_of_one_occasion(places: list[str], settings: Any) -> None:
    settings.REGISTERED_MOST = 1
    begin("V:\n- REGISTER V >> $a\n")
    run = begin("V:\n- REGISTER V >> $a\n- LOG: second\n")
    pump()
    assert Registered.objects.count() == 1
    assert "registered talkers open" in Run.objects.get(pk=run.pk).error


def test_mailbox_takes_only_so_many_signals(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_SIGNALS", 2)

    def knock(source: str) -> str:
        origin = f"domain:{DOMAIN}"
        return hooks.send_signal(
            domain=DOMAIN, name="door", source=source, origin=origin, value=source
        )

    assert [knock(source) for source in "abca"] == ["NEW", "NEW", "REFUSED", "NEW"]
    assert Signal.objects.count() == 2


def test_run_keeps_only_so_many_returns_and_imprints(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "MOST_RETURNS", 2)
    monkeypatch.setattr(returns, "MOST_IMPRINTS", 2)
    run = begin("- HOOK a\n- HOOK b\n- HOOK c\n- WAIT door")
    pump()
    held = Checkpoint.objects.filter(run=run).order_by("hook__name")
    assert list(held.values_list("hook__name", flat=True)) == ["b", "c"]
    other = begin("- IMPRINT a\n- IMPRINT b\n- IMPRINT a\n- IMPRINT c\n- WAIT door2")
    pump()
    assert not Imprint.objects.exists()  # it failed, in its first segment
    assert "imprints" in Run.objects.get(pk=other.pk).error


# -- pages ----------------------------------------------------------------------------------------


def many(person: Person) -> Wallet:
    wallet = Wallet.objects.get(pk=person.wallet)
    now = clock.now()
    chats = Chat.objects.bulk_create(
        Chat(
            domain=BROKER,
            wallet=wallet,
            hook=uuid7(),
            locator=TICKET,
            host=f"h{number}.test",
            schema="x",
            key="x",
            language="en-us",
            created_at=now,
        )
        for number in range(CHATS)
    )
    Token.objects.bulk_create(
        Token(
            domain=BROKER,
            issuer=f"i{number}.test",
            token=uuid7(),
            wallet=wallet,
            chat=chats[0],
            state="SAVED",
            schema=f"i{number}.test/T:1.0",
            starts=now,
            until=now,
            language="en-us",
            created_at=now,
            title=f"Token {number}",
        )
        for number in range(CHATS)
    )
    return wallet


def test_first_page_is_the_newest_and_the_rest_follows(alice: Person) -> None:
    many(alice)
    answer = alice.send(BROKER, "Frontend@Broker", {})
    view = response(answer)
    assert len(json.dumps(answer.body)) < 50_000
    assert [chat["Host"] for chat in view["Chats"]] == [f"h{n}.test" for n in range(80, 130)]
    assert set(view["More"]) == {"Chats", "Tokens"}
    older = {"Sets": ["Chats"], "Cursor": {"Chats": view["More"]["Chats"]}}
    second = response(alice.send(BROKER, "Frontend@Broker", older))
    assert [chat["Host"] for chat in second["Chats"]] == [f"h{n}.test" for n in range(30, 80)]
    assert set(second) == {"Wallet", "Chats", "More"}


def test_wallet_puts_the_pages_together(alice: Person) -> None:
    many(alice)
    asked: list[dict[str, Any]] = []

    def ask(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return response(alice.send(BROKER, "Frontend@Broker", body))

    view = whole_view(ask)
    assert len(asked) == 3
    assert [chat["Host"] for chat in view["Chats"]] == [f"h{n}.test" for n in range(CHATS)]
    assert [token["Title"] for token in view["Tokens"]] == [f"Token {n}" for n in range(CHATS)]
    assert len(view["Domains"]) == len(view["Schemas"]) == CHATS
    assert "More" not in view


def test_broker_without_pages_is_asked_once() -> None:
    assert whole_view(lambda body: {"Chats": [1]}) == {"Chats": [1]}


@pytest.mark.parametrize("cursor", ["x", [1], {"Chats": "x"}, {"Others": str(uuid4())}])
def test_cursor_that_is_none_is_refused(alice: Person, cursor: Any) -> None:
    assert alice.send(BROKER, "Frontend@Broker", {"Cursor": cursor}).status == 403


def test_short_lists_have_no_more(alice: Person) -> None:
    alice.open(TICKET)
    view = response(alice.send(BROKER, "Frontend@Broker", {}))
    assert "More" not in view
    assert selectors.PAGE > 1
