"""Nobody crowds another out of a wallet's queue; who is over his share is told to come again."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import clock, inbox, outbox
from messaging.ids import uuid4
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import subjects
from scripts.language.errors import ScriptError
from tests.flows.steps import TICKET
from tests.parties import domain_message
from tests.person import BROKER, NOTIFIER, Person
from tests.pump import pump
from wallets import quotas
from wallets.models import Notification, Registration
from wallets.services import acknowledge, keep_notification
from wallets.subjects import SUBJECTS

CHAT, OTHER_CHAT = str(uuid4()), str(uuid4())
FROM_BROKER = [name for name in SUBJECTS if name not in ("Onboard@Notifier", quotas.PROMPT)]


@pytest.fixture(autouse=True)
def _small_shares(settings: Any) -> None:
    settings.PROMPTS_MOST_IN_CHAT = 3
    settings.PROMPTS_MOST_OF_HOST = 5
    settings.NOTIFICATIONS_MOST = 8


def bring(
    person: Person,
    subject: str,
    *,
    sender: str = "",
    chat: str = CHAT,
    correlation: str | None = None,
    **more: Any,
) -> int:
    """Have the broker bring a message to a wallet's notifier; return the status it is told."""
    body = {"Wallet": person.wallet, "Chat": chat, "Hook": str(uuid4()), **more}
    body |= {"Sender": sender} if sender else {}
    raw = domain_message(BROKER, NOTIFIER, subject, body, correlation=correlation or str(uuid4()))
    status = inbox.receive(raw).status
    pump()
    return status


def prompts(person: Person, sender: str, chat: str, count: int) -> list[int]:
    return [bring(person, quotas.PROMPT, sender=sender, chat=chat) for _ in range(count)]


def waiting(person: Person, **which: Any) -> int:
    return Notification.objects.filter(
        registration__wallet=person.wallet, acknowledged_at=None, **which
    ).count()


def test_thousand_prompts_of_one_chat_leave_room_for_all_others(alice: Person, bob: Person) -> None:
    assert prompts(alice, "theatre.test", CHAT, 12) == [200] * 3 + [429] * 9
    assert prompts(alice, "theatre.test", OTHER_CHAT, 4) == [200] * 2 + [429] * 2  # of the host
    assert prompts(alice, "gym.test", str(uuid4()), 1) == [200]
    assert prompts(bob, "theatre.test", CHAT, 1) == [200]
    assert prompts(alice, BROKER, CHAT, 4) == [200] * 4  # its own questions
    for subject in FROM_BROKER:
        assert bring(alice, subject) == 200, subject
    assert waiting(alice, subject=quotas.PROMPT) == 3 + 2 + 1 + 4


def test_hosts_together_leave_room_for_the_broker(alice: Person) -> None:
    statuses = [prompts(alice, f"host{n}.test", str(uuid4()), 3) for n in range(4)]
    assert [status for each in statuses for status in each] == [200] * 8 + [429] * 4
    assert prompts(alice, BROKER, CHAT, 1) == [200]
    assert bring(alice, "Open@Notifier") == 200


@pytest.mark.parametrize("subject", FROM_BROKER)
def test_broker_has_a_share_for_each_subject(
    alice: Person, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every subject that is served, also one that comes to be, is asked whether there is room."""
    monkeypatch.setattr(quotas, "OF_A_SUBJECT", 3)
    assert subjects()[subject].has_room is not None
    statuses = [bring(alice, subject, Updates=[f"L{n}"]) for n in range(5)]
    if subject == quotas.UPDATED:
        assert statuses == [200] * 5
        assert waiting(alice, subject=subject) == 3
    else:
        assert statuses == [200] * 3 + [429] * 2


def test_room_comes_with_reading_and_what_is_there_may_come_again(alice: Person) -> None:
    correlation = str(uuid4())
    assert bring(alice, quotas.PROMPT, sender="theatre.test", correlation=correlation) == 200
    assert prompts(alice, "theatre.test", CHAT, 3) == [200, 200, 429]
    registration = Registration.objects.get(wallet=alice.wallet)
    first = Notification.objects.get(correlation=correlation)
    InboxMessage.objects.all().delete()  # pruned: only the queue knows it
    body = dict(first.message["Body"])
    raw = domain_message(BROKER, NOTIFIER, quotas.PROMPT, body, correlation=correlation)
    assert inbox.receive(raw).status == 200
    acknowledge(registration, [str(first.pk)])
    assert prompts(alice, "theatre.test", CHAT, 2) == [200, 429]


def test_burst_is_bounded_before_any_of_it_is_handled(alice: Person, settings: Any) -> None:
    """The handlers of a burst run later, so that the share looks free to all of it."""
    settings.CHAT_PROMPT_RATE = "24/min"  # and so four within ten seconds

    def one() -> int:
        body = {"Wallet": alice.wallet, "Chat": CHAT, "Sender": "theatre.test"}
        return inbox.receive(domain_message(BROKER, NOTIFIER, quotas.PROMPT, body)).status

    assert [one() for _ in range(6)] == [200] * 4 + [429] * 2
    pump()
    assert waiting(alice, subject=quotas.PROMPT) == 4
    clock.move(60)
    assert one() == 429  # the share is unread still


def test_handler_holds_the_bound_if_all_else_has_let_it_in(alice: Person) -> None:
    def keep() -> None:
        message = {"Body": {"Sender": "theatre.test", "Chat": CHAT}}
        keep_notification(
            NOTIFIER,
            wallet=alice.wallet,
            subject=quotas.PROMPT,
            correlation=str(uuid4()),
            message=message,
        )

    for _ in range(quotas.LATE * 3):
        keep()
    with pytest.raises(ScriptError, match="unread"):
        keep()


def test_stranger_learns_nothing_of_a_queue_and_counts_in_none(alice: Person) -> None:
    prompts(alice, "theatre.test", CHAT, 3)
    body = {"Wallet": alice.wallet, "Chat": CHAT, "Sender": "theatre.test"}
    raw = domain_message("theatre.test", NOTIFIER, quotas.PROMPT, body)
    assert inbox.receive(raw).status == 200  # its handler refuses it, as ever
    pump()
    assert waiting(alice, subject=quotas.PROMPT) == 3


def test_latest_news_of_lists_replaces_earlier_news(alice: Person) -> None:
    for updates in (["TOKENS"], ["CHATS"], ["TOKENS"], ["CHATS", "TOKENS"]):
        assert bring(alice, quotas.UPDATED, Updates=updates) == 200
    rows = Notification.objects.filter(subject=quotas.UPDATED, acknowledged_at=None)
    assert [row.message["Body"]["Updates"] for row in rows] == [["CHATS", "TOKENS"]]
    assert bring(alice, quotas.UPDATED, Updates=["CHATS"]) == 200
    assert waiting(alice, subject=quotas.UPDATED) == 2


@pytest.mark.parametrize("odd", [None, "TOKENS", {"a": 1}, [1, None], [{"a": 1}], ["x" * 1000] * 7])
def test_odd_news_is_kept_and_breaks_nothing(alice: Person, odd: Any) -> None:
    assert bring(alice, quotas.UPDATED, Updates=odd) == 200
    assert waiting(alice, subject=quotas.UPDATED) == 1


@pytest.mark.parametrize("odd", [None, 7, [], {}, "x" * 3000, "\u00e9.test", "THEATRE.test"])
def test_odd_sender_or_chat_is_kept_and_breaks_nothing(alice: Person, odd: Any) -> None:
    raw = domain_message(
        BROKER, NOTIFIER, quotas.PROMPT, {"Wallet": alice.wallet, "Chat": odd, "Sender": odd}
    )
    assert inbox.receive(raw).status == 200
    pump()
    assert waiting(alice, subject=quotas.PROMPT) == 1


def test_prompt_beyond_the_share_is_brought_when_there_is_room(alice: Person) -> None:
    """The broker tries again until the prompt expires; so the host's question is not lost."""
    chat = alice.open(TICKET)
    registration = Registration.objects.get(wallet=alice.wallet)
    Notification.objects.filter(registration=registration).delete()
    for _ in range(3):
        Notification.objects.create(
            registration=registration,
            subject=quotas.PROMPT,
            correlation=uuid4(),
            message={},
            sender="theatre.test",
            chat=chat,
            created_at=clock.now(),
        )
    body = {
        "Chat": chat,
        "Prompt": str(uuid4()),
        "Format": "INFO",
        "Expires": "2099-01-01T00:00:00Z",
    }
    assert (
        inbox.receive(domain_message("theatre.test", BROKER, "Prompt@Broker", body)).status == 200
    )
    pump()
    message = OutboxMessage.objects.filter(subject=quotas.PROMPT).latest("created_at")
    assert (message.state, message.last_error) == ("DUE", "status 429")
    unread = [str(pk) for pk in registration.notifications.values_list("pk", flat=True)]
    acknowledge(registration, unread)
    clock.move(400)
    outbox.deliver(message.pk)
    pump()
    assert waiting(alice, subject=quotas.PROMPT, chat=chat) == 1


def test_host_that_prompts_too_fast_is_told_so_and_others_are_not(
    alice: Person, settings: Any
) -> None:
    settings.CHAT_PROMPT_RATE = "12/min"  # and so two within ten seconds
    chat = alice.open(TICKET)

    def prompt(host: str) -> int:
        body = {"Chat": chat, "Prompt": str(uuid4()), "Format": "INFO"}
        body["Expires"] = "2099-01-01T00:00:00Z"
        return inbox.receive(domain_message(host, BROKER, "Prompt@Broker", body)).status

    clock.move(60)
    assert [prompt("theatre.test") for _ in range(4)] == [200, 200, 429, 429]
    assert prompt("gym.test") == 200
