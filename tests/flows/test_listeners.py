"""Every listener that the apps register, fed with what a script of its own may SEND."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import keys, outbox
from messaging.models import OutboxMessage, Untold
from messaging.outbox import delivering, settling
from messaging.registry import registry
from messaging.states import OutboxState
from messaging.transport import Reply
from tests.messaging.mail import make_due
from tests.scripts.engine import DOMAIN

BROKER = "elsewhere.test"
NOBODY = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"
ODD: list[Any] = [None, True, 0, -1, 2**53 - 1, "", " ", "x" * 5000, NOBODY, NOBODY.upper(),
                  "'; --", "\u202e", [], [NOBODY], {}, {"Token": NOBODY}]  # fmt: skip
FIELDS = ("Token", "Chat", "Status", "Buffer", "Until")
BODIES: list[dict[str, Any]] = [{}, *(dict.fromkeys(FIELDS, odd) for odd in ODD)]
ANSWERS: list[dict[str, Any]] = [{}, *({"Buffer": odd, "About": odd} for odd in ODD)]
ORIGINS = ["", NOBODY, "feedback:", "feedback:x", f"feedback:{NOBODY}",
           "nobody:1"]  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _theatre() -> None:
    keys.create_domain(DOMAIN)


def subjects() -> list[str]:
    return sorted({*registry.delivered, *registry.undeliverable, *registry.resendable})


def test_tables_of_listeners_are_all_walked() -> None:
    """A new kind of listener must be walked below."""
    listeners = {"on_response", "askers", "delivered", "undeliverable", "resendable"}
    others = {"subjects", "start", "drive"}
    known = {name for name in vars(registry) if not name.startswith("_")}
    assert listeners <= known
    assert not [name for name in known - listeners - others if "listen" in name or "hear" in name]
    assert subjects()
    assert {origin.partition(":")[0] for origin in ORIGINS} >= set(registry.askers)


def send(subject: str, body: dict[str, Any], **rest: Any) -> OutboxMessage:
    number = OutboxMessage.objects.count()
    values: dict[str, Any] = {"origin": f"run:{number}"} | rest
    return outbox.queue(
        sender=DOMAIN, recipient=BROKER, subject=subject, body=body, key=str(number), **values
    )


def never_in_the_way(message: OutboxMessage) -> None:
    """Deliver a message, and one behind it; whatever listens must have been told, or be noted."""
    behind = send("Hello@Host", {}, origin=message.origin)
    assert outbox.deliver(message.pk)
    message.refresh_from_db()
    assert message.state != OutboxState.DUE
    assert outbox.deliver(behind.pk)
    for untold in Untold.objects.all():
        assert untold.due_at is not None
        for _ in range(settling.TELLINGS):
            Untold.objects.filter(pk=untold.pk).update(due_at=message.created_at)
            outbox.tell_again(untold.pk)
    assert not Untold.objects.exclude(due_at=None).exists()
    if message.state == OutboxState.DEAD:
        outbox.resend(message.pk)  # an operator's click never raises


@pytest.mark.parametrize("status", [200, 422])
@pytest.mark.parametrize("subject", subjects())
def test_listener_of_a_subject_stops_nothing_whatever_a_script_sends(
    monkeypatch: pytest.MonkeyPatch, subject: str, status: int
) -> None:
    monkeypatch.setattr(delivering, "carry", lambda *args: Reply(status, b"{}"))
    for body in BODIES:
        never_in_the_way(send(subject, body))
    assert not Untold.objects.exists()  # the shipped ones know what is not theirs


@pytest.mark.parametrize("origin", ORIGINS)
def test_listener_to_an_answer_stops_nothing_whatever_the_peer_says(
    monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setattr(delivering, "carry", lambda *args: Reply(200, b"{}"))
    for answer in ANSWERS:
        monkeypatch.setattr(delivering, "read_answer", lambda *args, said=answer: said)
        never_in_the_way(send("Manifest@Domain", {}, origin=origin, expects_response=True))


UNREADABLE = [
    b"",
    b"\xff",
    b"[]",
    b"{",
    b"[" * 9000,
    b'{"Response": 1}',
    b'{"Response": {"Header": 5}}',
    b'{"a": "\\u0000"}',
    b'{"a": "\\ud800"}',
    b'{"a": 1e999}',
    b'{"a": 123456789012345678901234567890}',
]


@pytest.mark.parametrize("raw", UNREADABLE)
def test_answer_that_cannot_be_read_or_kept_ends_the_call(
    monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    monkeypatch.setattr(delivering, "carry", lambda *args: Reply(200, raw))
    message = send("Manifest@Domain", {}, expects_response=True)
    behind = send("Hello@Host", {}, origin=message.origin)
    for _ in range(delivering.CALL_ATTEMPTS + settling.FAULTS):
        make_due(message)
        outbox.deliver(message.pk)
    message.refresh_from_db()
    assert message.state != OutboxState.DUE
    assert outbox.deliver(behind.pk)
