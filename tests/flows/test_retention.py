"""What lives goes on, and what is said again is recognised, however soon all else is pruned.

Every kind of row that ended goes after a day here, but for the keys of the inbox; chats and wallets
that nobody uses have their usual time, because who uses them may be elsewhere. Each situation is
built, five days pass and everything that may go is gone each day; then it must go on as if nothing
had been pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from broker.models import Chat as BrokerChat
from broker.models import Token as BrokerToken
from host.models import Chat, Prompt, Registered
from host.services import save_talker
from issuer import services as issuing
from issuer.models import Token
from messaging import clock, inbox, keys, outbox
from messaging.envelope import Envelope
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import subjects
from scripts import hooks, library, lifecycle, services
from scripts.items.defining import save_set
from scripts.models import Hook, Item, ItemHistory, Run, ScriptVersion, Signal
from tests.flows.steps import agreed_ticket, offered_ticket
from tests.person import Person, response
from tests.pruning import faults, prune_all
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result

DAY = 86_400
DAYS = 5
Finish = Callable[[], None]


@pytest.fixture(autouse=True)
def short_lives(places: list[str], settings: Any) -> Iterator[None]:
    settings.KEEP_DAYS = dict.fromkeys(settings.KEEP_DAYS, 1.0) | {
        "INBOX_KEY": 90.0,
        "EARLY_SIGNAL": 400.0,
        "QUARANTINE": 180.0,
        "CHAT_IDLE": 180.0,
        "WALLET": 400.0,
    }
    settings.INBOX_KEEP_HOURS = settings.NOTIFICATION_KEEP_HOURS = 24
    yield
    assert faults() == []


def days_pass(count: int = DAYS) -> None:
    pump()
    for _ in range(count):
        clock.move(DAY)
        pump()
        prune_all()
        pump()


def talker(source: str, key: str = "v") -> str:
    return save_talker(domain=DOMAIN, key=key, title="V", source=f"💬 V:\n{source}").version


def knock(hook: str, value: str) -> None:
    hooks.send_signal(
        domain=DOMAIN, name=hook, source=value, origin=f"domain:{DOMAIN}", value=value
    )


def last_for_ever(token: str) -> None:
    Token.objects.filter(pk=token).update(expires=None)
    BrokerToken.objects.filter(token=token).update(expires=None)


# -- situations: each builds itself and returns how it must go on ---------------------------------


def parked_run(alice: Person) -> Finish:
    run = begin("- WAIT door >> $x:\n    Timeout: 30 days\n- RETURN: $x")

    def finish() -> None:
        knock("door", "hello")
        pump()
        assert result(run) == "hello"

    return finish


def early_signal(alice: Person) -> Finish:
    begin("- RACE door: early")

    def finish() -> None:
        run = begin("- WAIT door >> $x\n- RETURN: $x")
        pump()
        assert result(run) == "early"

    return finish


def replaced_talker(alice: Person) -> Finish:
    """A person is asked by a version that only this continuation still names."""
    talker("- TEXT Name? >> $n:\n    Expires: 20 days\n- DONE Old {$n}")
    chat = alice.open(f".HOST,{DOMAIN},v")
    talker("- DONE New")
    [question] = Prompt.objects.filter(text="Name?")

    def finish() -> None:
        body = {"Prompt": str(question.pk), "Answer": "Alice"}
        assert alice.send_in_chat(chat, DOMAIN, "Reply@Host", body).status == 200
        pump()
        assert alice.lines(chat)[-1] == "DONE Old Alice"

    return finish


def replaced_script_of_an_alarm(alice: Person) -> Finish:
    source = "V:\n- ALARM 4 days:\n    Script: Ring\n\nRing:\n- RACE bell: rang\n"
    version = library.compile_source(source, file="v.yaml", name="v")
    services.start_run(version, "V", domain=DOMAIN, trigger="ring")

    def finish() -> None:
        assert Signal.objects.filter(hook__name="bell", state="NEW").count() == 1

    return finish


def undecided_offer(alice: Person) -> Finish:
    chat, token = offered_ticket(alice)
    question = Prompt.objects.get(text="Keep this in your wallet?")

    def finish() -> None:
        body = {"Prompt": str(question.pk), "Result": "YES"}
        assert alice.send_in_chat(chat, "broker.test", "Reply@Host", body).status == 200
        pump()
        assert response(alice.download(chat, DOMAIN, token))["Token"] == token
        assert alice.saved(DOMAIN, token).status == 200
        pump()
        assert Token.objects.get(pk=token).state == "ACCEPTED"
        assert alice.lines(chat)[-1].startswith("DONE Your ticket is in your wallet")

    return finish


def wallet_that_is_away(alice: Person) -> Finish:
    """The person said yes, and the wallet comes back days later."""
    chat, token = agreed_ticket(alice)

    def finish() -> None:
        assert response(alice.download(chat, DOMAIN, token))["Token"] == token
        assert alice.saved(DOMAIN, token).status == 200
        pump()
        assert BrokerToken.objects.get(token=token).state == "SAVED"
        assert alice.lines(chat)[-1].startswith("DONE Your ticket is in your wallet")

    return finish


def valid_token(alice: Person) -> Finish:
    chat, token = agreed_ticket(alice)
    assert alice.saved(DOMAIN, token).status == 200
    last_for_ever(token)

    def finish() -> None:
        issuing.revoke_token(token, origin="test")
        pump()
        assert BrokerToken.objects.get(token=token).status == "REVOKED"
        assert alice.lines(chat)[-1].startswith("INFO Seat ticket, by The Guild theatre is void")
        assert response(alice.download(chat, DOMAIN, token))["Token"] == token

    return finish


def line_that_leads_back(alice: Person) -> Finish:
    talker("- INFO >> $again:\n    Text: Again?\n    Options: [/Yes]\n- IF $again: DONE Back\n")
    chat = alice.open(f".HOST,{DOMAIN},v")
    [line] = Prompt.objects.filter(text="Again?")

    def finish() -> None:
        [option] = line.options
        body = {"Prompt": str(line.pk), "Answer": option["ID"]}
        assert alice.send_in_chat(chat, DOMAIN, "Reply@Host", body).status == 200
        pump()
        assert alice.lines(chat)[-1] == "DONE Back"

    return finish


def run_set_aside(alice: Person) -> Finish:
    run = begin("- WAIT door >> $x:\n    Timeout: 30 days\n- RETURN: $x")
    pump()
    lifecycle.quarantine(run.pk, RuntimeError("odd"))

    def finish() -> None:
        knock("door", "late")
        assert lifecycle.retry(run.pk, by="test")
        pump()
        assert result(run) == "late"

    return finish


def registered_talker(alice: Person) -> Finish:
    talker(
        "- REGISTER Once >> $l:\n    Expires: 20 days\n- DONE Registered\n\n"
        "Once:\n- DONE Once more\n"
    )
    alice.open(f".HOST,{DOMAIN},v")
    talker("- DONE New")
    key = Registered.objects.get().key

    def finish() -> None:
        chat = alice.open(f".HOST,{DOMAIN},{key}")
        assert alice.lines(chat)[-1] == "DONE Once more"

    return finish


SITUATIONS = (
    parked_run,
    early_signal,
    replaced_talker,
    replaced_script_of_an_alarm,
    undecided_offer,
    wallet_that_is_away,
    valid_token,
    line_that_leads_back,
    run_set_aside,
    registered_talker,
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.__name__)
def test_what_lives_goes_on(alice: Person, situation: Callable[[Person], Finish]) -> None:
    finish = situation(alice)
    days_pass()
    finish()


def test_all_that_live_go_on_beside_each_other(alice: Person) -> None:
    finishes = [
        situation(alice) for situation in (undecided_offer, parked_run, replaced_script_of_an_alarm)
    ]
    days_pass()
    for finish in finishes:
        finish()


# -- repeats -------------------------------------------------------------------------------------


def signed_again(message: dict[str, Any], alice: Person) -> bytes:
    """Return a message as its sender would send it again days later: signed anew."""
    old = Envelope.parse(message)
    header = old.header
    again = Envelope.build(
        sender=header.sender,
        to=header.to,
        subject=header.subject,
        body=dict(old.body),
        correlation=header.correlation,
        selector=header.selector,
        now=clock.now(),
    )
    if header.sender == alice.wallet:
        return again.signed(alice.key).to_bytes()
    return again.signed(keys.signing_key(header.sender)[1]).to_bytes()


def test_every_message_of_a_flow_is_recognised_when_it_is_sent_again(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    assert alice.saved(DOMAIN, token).status == 200
    pump()
    assert alice.lines(chat)[-1].startswith("DONE")
    said = [row.envelope for row in InboxMessage.objects.exclude(sender="Anonymous")]
    assert len(said) > 15
    days_pass()
    assert not InboxMessage.objects.filter(state="HANDLED", is_emptied=False).exists()
    runs, messages = set(Run.objects.values_list("pk", flat=True)), InboxMessage.objects.count()
    for envelope in said:
        sync = subjects()[envelope["Header"]["Subject"]].mode.value == "SYNC"
        answer = inbox.receive(signed_again(envelope, alice))
        # An answer that is not kept any more cannot be given again.
        assert answer.status == (422 if sync else 200), envelope
    pump()
    assert set(Run.objects.values_list("pk", flat=True)) <= runs
    assert InboxMessage.objects.count() == messages


def test_other_words_under_a_known_correlation_are_still_refused(alice: Person) -> None:
    offered_ticket(alice)
    said = InboxMessage.objects.filter(subject="Issue@Broker").get().envelope
    days_pass()
    said["Body"]["Schema"] = "theatre.test/OTHER:1.0"
    assert inbox.receive(signed_again(said, alice)).status == 422


def test_dead_message_that_is_sent_again_counts_once(alice: Person, settings: Any) -> None:
    settings.KEEP_DAYS["DEAD"] = 30.0
    offered_ticket(alice)
    message = OutboxMessage.objects.get(subject="Issue@Broker")
    message.state = "DEAD"  # its acknowledgement was lost, to the end
    message.save()
    days_pass()
    tokens, runs = BrokerToken.objects.count(), set(Run.objects.values_list("pk", flat=True))
    assert outbox.resend(message.pk)
    outbox.deliver(message.pk)
    pump()
    assert BrokerToken.objects.count() == tokens
    assert set(Run.objects.values_list("pk", flat=True)) <= runs


# -- what goes -----------------------------------------------------------------------------------


def test_flow_that_ended_leaves_the_token_and_its_chat_alone(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    alice.saved(DOMAIN, token)
    pump()
    last_for_ever(token)
    days_pass(40)
    assert Run.objects.count() == 0
    assert OutboxMessage.objects.count() == 0
    assert not Hook.objects.exists()
    assert Token.objects.filter(pk=token).exists()
    assert BrokerChat.objects.filter(pk=chat).exists()
    assert set(Chat.objects.values_list("domain", flat=True)) == {"broker.test", DOMAIN}
    clock.move(90 * DAY)
    days_pass(1)
    assert InboxMessage.objects.count() == 0


def test_chat_goes_with_its_lines_once_it_is_over(alice: Person) -> None:
    talker("- DONE Bye\n- GOODBYE\n")
    chat = alice.open(f".HOST,{DOMAIN},v")
    days_pass(12)
    assert not Prompt.objects.exists()
    # The broker's own side is told nothing, and goes once it is idle.
    assert not Chat.objects.filter(chat=chat, domain=DOMAIN).exists()
    assert not BrokerChat.objects.filter(pk=chat).exists()


def test_returns_of_lines_that_are_gone_hold_no_run(alice: Person) -> None:
    talker("- INFO >> $again:\n    Text: Again?\n    Options: [/Yes]\n")
    alice.open(f".HOST,{DOMAIN},v")
    assert Hook.objects.filter(state="LIVE").exists()
    days_pass(12)
    assert not Hook.objects.exists()
    assert not Run.objects.exists()


def test_forgotten_run_that_was_set_aside_is_cancelled_and_goes(
    alice: Person, settings: Any
) -> None:
    run = begin("- WAIT door")
    pump()
    lifecycle.quarantine(run.pk, RuntimeError("odd"))
    clock.move(179 * DAY)
    prune_all()
    assert Run.objects.get(pk=run.pk).state == "QUARANTINED"
    clock.move(2 * DAY)
    prune_all()
    assert Run.objects.get(pk=run.pk).state == "CANCELLED"
    clock.move(2 * DAY)
    prune_all()
    assert not Run.objects.filter(pk=run.pk).exists()


def test_version_that_nothing_needs_goes_and_is_kept_again_when_it_is_needed(
    alice: Person, settings: Any
) -> None:
    settings.KEEP_DAYS["VERSION"] = 3.0
    source = "- RETURN: old"
    run = begin(source)
    pump()
    version = run.version_id
    days_pass(2)
    assert ScriptVersion.objects.filter(pk=version).exists()  # marked
    again = begin(source)  # takes the mark away
    pump()
    days_pass(3)
    assert ScriptVersion.objects.filter(pk=version).exists()
    days_pass(3)
    assert not ScriptVersion.objects.filter(pk=version).exists()
    last = begin(source)
    pump()
    assert result(last) == "old"
    assert again.version_id == last.version_id


def test_history_keeps_the_first_and_the_last_change_of_a_row(alice: Person) -> None:
    save_set(
        domain=DOMAIN, source="Prefix: Library\nTable: Loans\nItem: Loan\nKey: Title\n", scripts=""
    )
    begin(
        "- SAVE Library.Loans >> $r:\n    Title: x\n    N: 1\n- SAVE $r >> $r:\n    N: 2\n"
        "- SAVE $r:\n    N: 3\n"
    )
    pump()
    item = Item.objects.get()
    days_pass(2)
    kept = ItemHistory.objects.filter(item=item).order_by("version")
    assert [each.version for each in kept] == [1, 3]
