"""However an attempt ends, the breaker of its destination learns of it at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from messaging import breaker, clock, outbox
from messaging.errors import Unreachable
from messaging.models import Destination, DomainKey, HostedDomain, OutboxMessage
from messaging.outbox import delivering, settling
from messaging.states import BreakerState, OutboxState
from messaging.transport import Reply
from tests.messaging.mail import fresh, make_due, queue, seconds_until_due
from tests.messaging.parties import BROKER, Desk, Peer

Patch = pytest.MonkeyPatch
FAILURES = breaker.FAILURES
CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN


def raises(fault: BaseException) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise fault

    return fail


def replies(status: int, body: bytes = b"{}") -> Callable[..., Reply]:
    return lambda *args: Reply(status, body)


def cannot_sign(patch: Patch) -> None:
    DomainKey.objects.update(private_key="k9:AAAA")


def unknown_domain(patch: Patch) -> None:
    HostedDomain.objects.all().delete()


def loses_its_claim(patch: Patch) -> None:
    """Another worker takes over before this one has signed."""
    look = breaker.Permit.look

    def look_and_lose(permit: breaker.Permit) -> None:
        look(permit)
        OutboxMessage.objects.update(fence=99)

    patch.setattr(breaker.Permit, "look", look_and_lose)


@dataclass(frozen=True)
class Exit:
    """One way out of an attempt that is a probe, and what the breaker knows after it."""

    prepare: Callable[[Patch], None]
    state: BreakerState
    failures: int
    expects_response: bool = False


def carries(carry: Callable[..., Any]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(delivering, "carry", carry)


def judges(judge: Callable[..., Any]) -> Callable[[Patch], None]:
    def prepare(patch: Patch) -> None:
        patch.setattr(delivering, "carry", replies(200))
        patch.setattr(delivering, "read_answer", judge)

    return prepare


def ends_badly(patch: Patch) -> None:
    patch.setattr(delivering, "carry", replies(200))
    patch.setattr(settling, "_listeners", raises(LookupError("in a hurry")))


EXITS = {
    # Nothing was asked of the destination, so nothing is known, and the next may ask at once.
    "signing fails": Exit(cannot_sign, OPEN, FAILURES),
    "unknown domain": Exit(unknown_domain, OPEN, FAILURES),
    "lost claim": Exit(loses_its_claim, OPEN, FAILURES),
    # It did not answer.
    "unreachable": Exit(carries(raises(Unreachable("gone"))), OPEN, FAILURES + 1),
    "502": Exit(carries(replies(502)), OPEN, FAILURES + 1),
    "unforeseen while posting": Exit(carries(raises(RuntimeError("odd"))), OPEN, FAILURES + 1),
    "ended by a signal": Exit(carries(raises(SystemExit(1))), OPEN, FAILURES + 1),
    # It did, whatever became of the answer.
    "200": Exit(carries(replies(200)), CLOSED, 0),
    "422": Exit(carries(replies(422)), CLOSED, 0),
    "429": Exit(carries(replies(429)), CLOSED, 0),
    "500": Exit(carries(replies(500)), CLOSED, 0),
    "no valid answer": Exit(carries(replies(200, b"\xff")), CLOSED, 0, expects_response=True),
    "answer unreadable": Exit(
        judges(raises(RecursionError("deep"))), CLOSED, 0, expects_response=True
    ),
    "settling raises": Exit(ends_badly, CLOSED, 0),
}


def probe_is_due() -> None:
    Destination.objects.create(
        domain=BROKER,
        state=BreakerState.OPEN,
        failures=FAILURES,
        until=clock.now() - timedelta(seconds=1),
        changed_at=clock.now(),
    )


@pytest.mark.parametrize("name", EXITS)
def test_every_way_out_of_a_probe_settles_its_permit(
    broker: Peer, desk: Desk, monkeypatch: Patch, name: str
) -> None:
    way = EXITS[name]
    probe_is_due()
    message = queue(expects_response=way.expects_response)
    with monkeypatch.context() as patch:
        way.prepare(patch)
        with suppress(SystemExit):
            outbox.deliver(message.pk)
    row = Destination.objects.get()
    assert (row.state, row.failures) == (way.state, way.failures)
    if way.failures == FAILURES:
        with breaker.Permit(queue("run:9:9")) as permit:
            assert permit.probes


@pytest.mark.parametrize("name", ["502", "unreachable"])
def test_failed_probe_says_when_its_message_is_to_probe_next(
    broker: Peer, desk: Desk, monkeypatch: Patch, name: str
) -> None:
    probe_is_due()
    message = queue()
    OutboxMessage.objects.update(attempts=30)  # alone, it would pause for minutes
    EXITS[name].prepare(monkeypatch)
    outbox.deliver(message.pk)
    assert fresh(message).due_at == Destination.objects.get().until
    assert 0 < seconds_until_due(message) <= 2


def test_exits_are_all_that_an_attempt_has() -> None:
    """A new way out of `_attempt` needs a line above."""
    source = Path(delivering.__file__).read_text(encoding="utf-8")
    body = source[source.index("def _attempt") : source.index("def _lane")]
    assert (body.count("return "), body.count("except ")) == (7, 5)


def test_late_probe_does_not_end_the_probe_that_followed_it(broker: Peer, desk: Desk) -> None:
    probe_is_due()
    first, second = breaker.Permit(queue("run:1:1")), breaker.Permit(queue("run:2:1"))
    first.__enter__()
    clock.move(breaker.PROBE_LEASE.total_seconds() + 1)
    second.__enter__()
    lease = Destination.objects.get().until
    first.__exit__(None, Unreachable("at last"), None)
    row = Destination.objects.get()
    assert (row.state, row.until) == (BreakerState.HALF_OPEN, lease)
    assert first.probe_at is None


@pytest.mark.django_db(transaction=True)
def test_killed_probe_leaves_a_lease_that_ends(broker: Peer, desk: Desk) -> None:
    probe_is_due()
    message = queue()
    connections.close_all()  # a process of its own takes none of ours
    if (child := os.fork()) == 0:
        delivering.carry = lambda *args: os._exit(9)
        outbox.deliver(message.pk)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert Destination.objects.get().state == BreakerState.HALF_OPEN
    make_due(message)
    with pytest.raises(breaker.Held):
        breaker.Permit(message).look()
    clock.move(breaker.PROBE_LEASE.total_seconds() + 1)
    with breaker.Permit(message) as permit:
        assert permit.probes
    assert fresh(message).state == OutboxState.DUE
