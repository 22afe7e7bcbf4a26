"""`manage.py outbox`: dead letters and destinations that are down, from the command line."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging import clock, outbox
from messaging.models import Destination, Untold
from messaging.registry import registry
from messaging.states import BreakerState, OutboxState
from tests.messaging.mail import fresh, queue
from tests.messaging.parties import Desk
from tests.messaging.peer_server import PeerServer, answers


def run(*words: str) -> list[str]:
    out = StringIO()
    call_command("outbox", *words, stdout=out)
    return out.getvalue().splitlines()


def test_dead_messages_are_listed_and_sent_again(broker_inbox: PeerServer) -> None:
    broker_inbox.behaviours = [answers(403), answers(403), answers(200)]
    first, second = queue("run:1:1"), queue("run:2:1")
    for message in (first, second):
        outbox.deliver(message.pk)
    lines = run("dead")
    assert [line.split()[0] for line in lines] == [str(second.pk), str(first.pk)]
    assert lines[0].endswith("Issue@Broker to broker.test: refused: 403")
    assert run("dead", "--to", "charlie.test") == []
    assert run("resend", str(first.pk)) == ["1 of 1 will be sent again"]
    outbox.deliver(first.pk)
    assert fresh(first).state == OutboxState.SENT
    assert run("resend", "--to", "Broker.test") == ["1 of 1 will be sent again"]
    assert run("resend", str(first.pk)) == ["0 of 1 will be sent again"]


def test_listeners_that_raised_are_listed_and_told_again(
    broker_inbox: PeerServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(registry, "delivered", {"Issue@Broker": lambda message: message.body["No"]})
        outbox.deliver(queue().pk)
    untold = Untold.objects.get()
    said = f"{untold.pk} OUTCOME of Issue@Broker to broker.test"
    assert run("untold") == [f"{said}, 1 attempts: KeyError('No')"]
    Untold.objects.update(due_at=None)
    assert run("untold") == [f"{said}, given up: KeyError('No')"]
    assert run("retell", str(untold.pk)) == ["1 of 1 will be told again"]
    assert outbox.tell_again(untold.pk)
    assert len(desk.delivered) == 1
    assert run("untold") == []
    assert run("retell", str(untold.pk)) == ["0 of 1 will be told again"]


def test_what_is_sent_again_must_be_said(theatre: str) -> None:
    with pytest.raises(CommandError, match="--to DOMAIN"):
        run("resend")


def test_destinations_that_are_down_are_listed_and_tried(theatre: str) -> None:
    Destination.objects.create(
        domain="broker.test",
        state=BreakerState.OPEN,
        failures=7,
        until=clock.now(),
        last_error="ConnectError: gone",
        changed_at=clock.now(),
    )
    [line] = run("down")
    assert line.startswith("broker.test since 20")
    assert line.endswith("7 failures: ConnectError: gone")
    assert run("probe", "broker.test") == ["broker.test is tried now"]
    with pytest.raises(CommandError, match="not down"):
        run("probe", "charlie.test")
