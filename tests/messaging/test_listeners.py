"""Listeners that raise: the message has ended all the same, and they are told again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging import clock, outbox, tasks
from messaging.models import InboxMessage, OutboxMessage, Untold
from messaging.outbox import settling
from messaging.outbox.claims import LostClaim
from messaging.registry import registry
from messaging.states import Listens, OutboxState
from tests.messaging.mail import fresh, queue
from tests.messaging.parties import BROKER, CORRELATION, Desk, Peer
from tests.messaging.peer_server import PeerServer, answers

EVERY_LISTENER = ("on_response", "delivered", "undeliverable", "askers")


def leave_a_trace() -> None:
    InboxMessage.objects.create(
        repeat_key="effect", correlation=CORRELATION, envelope={}, mode="ASYNC",
        timestamp=clock.now(), received_at=clock.now(),
    )  # fmt: skip


class Raising:
    """A listener that does something and then raises, until it is mended."""

    def __init__(self, fault: Exception) -> None:
        self.fault: Exception | None = fault
        self.heard = 0

    def __call__(self, message: OutboxMessage, *rest: Any) -> None:
        self.heard += 1
        leave_a_trace()
        if self.fault is not None:
            raise self.fault


def put(
    monkeypatch: pytest.MonkeyPatch, kind: str, listener: Callable[..., None]
) -> dict[str, Any]:
    """Put a listener into one of the registry's tables; return how a message is queued for it."""
    if kind == "on_response":
        monkeypatch.setattr(registry, kind, listener)
        return {"expects_response": True, "subject": "Status@Broker"}
    if kind == "askers":
        monkeypatch.setattr(registry, kind, {"asks": listener})
        return {"expects_response": True, "subject": "Status@Broker", "origin": "asks:1"}
    monkeypatch.setattr(registry, kind, {"Issue@Broker": listener})
    return {}


def due_again(untold: Untold) -> None:
    Untold.objects.filter(pk=untold.pk).update(due_at=clock.now())


@pytest.mark.parametrize("fault", [LookupError("no such token"), ValueError("zero \0 \ud800")])
@pytest.mark.parametrize("kind", EVERY_LISTENER)
def test_message_ends_though_its_listener_raises(
    broker_inbox: PeerServer,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    fault: Exception,
) -> None:
    listener = Raising(fault)
    values = {"origin": "run:1"} | put(monkeypatch, kind, listener)
    gone = kind == "undeliverable"
    broker_inbox.behaviours = [answers(422 if gone or values.get("expects_response") else 200)]
    first = queue("run:1:1", **values)
    second = queue("run:1:2", origin=values["origin"], subject="Offered@Issuer")
    assert outbox.deliver(first.pk)
    assert fresh(first).state == (OutboxState.SENT if kind == "delivered" else OutboxState.DEAD)
    assert not InboxMessage.objects.exists()  # what it did went with it
    untold = Untold.objects.get(message=first)
    asks = kind in ("on_response", "askers")
    assert untold.listens == (Listens.ANSWER if asks else Listens.OUTCOME)
    assert untold.error == repr(fault).replace("\0", "\ufffd")
    assert outbox.deliver(second.pk)  # what stands behind it goes on
    for attempt in range(2, settling.TELLINGS + 1):
        due_again(untold)
        assert outbox.tell_again(untold.pk)
        assert Untold.objects.get().attempts == attempt
    assert Untold.objects.get().due_at is None  # left to an operator
    assert not outbox.tell_again(untold.pk)
    assert listener.heard == settling.TELLINGS
    listener.fault = None
    assert outbox.retell(untold.pk)
    tasks.tell_again(str(untold.pk))
    assert not Untold.objects.exists()
    assert InboxMessage.objects.count() == 1
    assert len(broker_inbox.received) == 2  # nothing was sent again


def test_listener_that_raises_takes_nothing_from_the_other(
    broker_inbox: PeerServer, broker: Peer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker_inbox.behaviours = [answers(422)]
    monkeypatch.setattr(registry, "undeliverable", {"Status@Broker": Raising(KeyError("Token"))})
    call = queue(subject="Status@Broker", expects_response=True)
    outbox.deliver(call.pk)
    assert desk.responses == [(str(call.pk), None, "refused: 422")]
    assert [each.listens for each in Untold.objects.all()] == [Listens.OUTCOME]
    due_again(Untold.objects.get())
    outbox.tell_again(Untold.objects.get().pk)
    assert len(desk.responses) == 1  # who was told is not told again


@pytest.mark.django_db(transaction=True)
def test_sweep_rings_for_a_listener_to_be_told_again(
    broker_inbox: PeerServer,
    bells: list[tuple[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    settings.INBOX_KEEP_HOURS = 168
    monkeypatch.setattr(registry, "delivered", {"Issue@Broker": Raising(KeyError("Token"))})
    outbox.deliver(queue().pk)
    bells.clear()
    clock.move(2)
    outbox.sweep()
    assert bells == [("messaging.tell_again", [str(Untold.objects.get().pk)])]


def test_worker_that_dies_while_it_tells_has_counted_its_attempt(
    broker_inbox: PeerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    listener = Raising(KeyError("Token"))
    monkeypatch.setattr(registry, "delivered", {"Issue@Broker": listener})
    outbox.deliver(queue().pk)
    untold = Untold.objects.get()
    listener.fault = Killed()  # type: ignore[assignment]
    due_again(untold)
    with pytest.raises(Killed):
        outbox.tell_again(untold.pk)
    assert Untold.objects.get().attempts == 2
    assert not outbox.tell_again(untold.pk)  # leased


def test_dead_message_that_is_sent_again_is_told_of_its_new_end(
    broker_inbox: PeerServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker_inbox.behaviours = [answers(403), answers(200)]
    monkeypatch.setattr(registry, "undeliverable", {"Issue@Broker": Raising(KeyError("Token"))})
    message = queue()
    outbox.deliver(message.pk)
    assert Untold.objects.get().listens == Listens.OUTCOME
    assert outbox.resend(message.pk)
    assert not Untold.objects.exists()
    outbox.deliver(message.pk)
    assert desk.delivered == [str(message.pk)]


def test_claim_that_was_lost_leaves_no_untold_listener(
    broker_inbox: PeerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "delivered", {"Issue@Broker": Raising(KeyError("Token"))})
    message = queue(recipient=BROKER)
    OutboxMessage.objects.filter(pk=message.pk).update(fence=7)
    with pytest.raises(LostClaim):
        settling.settle(message, settling.Outcome(delivered=True, final=True))
    assert not Untold.objects.exists()
