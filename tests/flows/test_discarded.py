"""Who waits for what a message brings about learns that its receiver discarded it.

The table says of every subject that domains send without waiting for an answer who that is.
"""

from __future__ import annotations

from typing import Any

import pytest

from broker.models import Chat, Token
from host.models import Prompt
from issuer import services
from issuer.models import Token as IssuerToken
from issuer.models import TokenEvent
from messaging import outbox
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import Mode, Sender, registry, subjects
from scripts.models import Run
from tests.flows.steps import TICKET, agreed_ticket
from tests.parties import send_as
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import begin, result

TOKEN = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f0aa"

# Nobody waits: that it was discarded stands on the message, where operators read it.
OPERATORS_ONLY = {
    "Offered@Issuer": "the offer is decided; the broker has nothing to go on with",
    "Goodbye@Broker": "the host's chat has ended, whatever its broker makes of it",
    "Home@Host": "the person sees that nobody speaks, and may ask again",
    "Abandoned@Host": "the person has left",
    "Open@Notifier": "a wallet that its notifier does not know shows no chat",
    "Prompt@Notifier": "the host's question ends by its own deadline",
    "Remove@Notifier": "the wallet keeps a copy that is void",
    "Updated@Notifier": "the wallet asks by itself when it is opened",
    "Feedback@Buffer": "a hint about a hint would go on for ever",
}


def test_every_subject_says_who_learns_that_it_was_discarded() -> None:
    sent = {
        name
        for name, subject in subjects().items()
        if subject.mode is Mode.ASYNC and Sender.DOMAIN in subject.senders
    }
    assert set(registry.discarded) | set(OPERATORS_ONLY) == sent
    assert not set(registry.discarded) & set(OPERATORS_ONLY)


def discard(subject: str, sender: str, reason: str = "Refused") -> OutboxMessage:
    """Say for the receiver of the newest message of a subject that it was discarded."""
    message = OutboxMessage.objects.filter(subject=subject, sender=sender).latest("created_at")
    told = {"Sender": sender, "Correlation": str(message.correlation), "Status": "Discarded"}
    send_as(message.recipient, sender, "Feedback@Buffer", {**told, "Reason": reason})
    pump()
    message.refresh_from_db()
    return message


def test_refused_question_ends_the_run_that_asks_it(alice: Person) -> None:
    chat = alice.open(TICKET)
    question = Prompt.objects.get(format="TEXT")
    message = discard("Prompt@Broker", "theatre.test", "No such chat")
    assert message.last_error == "discarded by its receiver: No such chat"
    question.refresh_from_db()
    run = Run.objects.get(pk=question.run)
    assert (question.state, run.state) == ("WITHDRAWN", "CANCELLED")
    assert run.error == "its broker did not take the question: No such chat"
    assert alice.reply(chat, {"Hook": str(question.pk), "Sender": "theatre.test"}).status == 200
    pump()
    assert Prompt.objects.get(pk=question.pk).state == "WITHDRAWN"


def test_question_in_a_chat_that_its_broker_has_ended_ends_its_run(alice: Person) -> None:
    """The whole way: the broker discards, asks for the manifest, and tells the Buffer it names."""
    chat = alice.open(TICKET)
    Chat.objects.filter(pk=chat).update(host="gym.test")
    send_as("broker.test", "theatre.test", "Home@Host", {"Chat": chat})
    pump()
    refused = InboxMessage.objects.filter(subject="Prompt@Broker", state="DISCARDED")
    assert refused.exists()
    asked = Prompt.objects.filter(format="TEXT").latest("created_at")
    assert (asked.state, Run.objects.get(pk=asked.run).state) == ("WITHDRAWN", "CANCELLED")


def test_question_that_another_run_names_is_let_stand(alice: Person) -> None:
    """A script may send `Prompt@Broker` by itself, with the id of any question."""
    alice.open(TICKET)
    question = Prompt.objects.get(format="TEXT")
    stranger = Run.objects.filter(domain="theatre.test").exclude(pk=question.run)[0]
    OutboxMessage.objects.filter(subject="Prompt@Broker").update(origin=str(stranger.pk))
    discard("Prompt@Broker", "theatre.test")
    question.refresh_from_db()
    assert question.state == "INSERTED"


def test_refused_greeting_is_told_to_the_person(alice: Person) -> None:
    chat = alice.open(TICKET)
    discard("Hello@Host", "broker.test")
    discard("Hello@Host", "broker.test")
    said = "FAIL The Guild theatre does not answer now. Please try again later."
    assert alice.lines(chat).count(said) == 1


def test_token_that_the_notifier_does_not_pass_on_is_refused_to_its_script(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    discard("Save@Notifier", "broker.test")
    assert Token.objects.get(token=token).state == "WITHDRAWN"
    issued = IssuerToken.objects.get(pk=token)
    assert (issued.state, issued.reason) == ("DECLINED", "REFUSED")
    assert issued.code == "WALLET_UNREACHED"
    assert alice.lines(chat)[-1] == "FAIL No ticket then. Seat B10 is free again."


def test_refused_revision_is_seen_and_told_again(alice: Person) -> None:
    """It had overtaken its offer, say; four times, and then operators have to look."""
    _, token = agreed_ticket(alice)
    alice.saved("theatre.test", token)
    pump()
    Token.objects.filter(token=token).update(issuer="gym.test")
    services.revoke_token(token, origin="operator:ada")
    pump()
    sent = OutboxMessage.objects.filter(subject="Revise@Broker")
    assert sent.count() == 4
    [seen] = TokenEvent.objects.filter(token_id=token, kind="REFUSED")
    assert (seen.value, seen.origin) == ("REVOKED", "domain:broker.test")


def test_word_about_a_revision_of_a_token_that_is_kept_no_longer(alice: Person) -> None:
    _, token = agreed_ticket(alice)
    alice.saved("theatre.test", token)
    pump()
    services.revoke_token(token, origin="operator:ada")
    pump()
    IssuerToken.objects.all().delete()
    discard("Revise@Broker", "theatre.test")
    assert InboxMessage.objects.get(subject="Feedback@Buffer").state == "HANDLED"


@pytest.mark.parametrize("subject", registry.discarded)
@pytest.mark.parametrize(
    "body",
    [{}, {"Token": 7, "Prompt": [], "Chat": {}, "Issuer": 1}, {"Token": TOKEN, "Prompt": TOKEN}],
)
def test_word_about_a_message_of_any_body_breaks_nothing(
    alice: Person, subject: str, body: dict[str, Any]
) -> None:
    """A script may send any subject by itself, with whatever it likes in it."""
    outbox.queue(
        sender="theatre.test", recipient="broker.test", subject=subject, body=body, key="odd"
    )
    OutboxMessage.objects.filter(key="odd").update(attempts=1, state="SENT")
    discard(subject, "theatre.test")
    assert InboxMessage.objects.get(subject="Feedback@Buffer").state == "HANDLED"


def test_sync_question_that_is_refused_tells_its_script_at_once(alice: Person) -> None:
    run = begin(
        "- TRY >> $fault:\n"
        "    - SEND >> $answer:\n"
        "        Header:\n            To: broker.test\n            Subject: Chat@Broker\n"
        "        Body:\n            Chat: 0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f0aa\n"
        "- RETURN: $fault"
    )
    pump()
    assert "403" in str(result(run))
    assert Run.objects.get(pk=run.pk).state == "DONE"
