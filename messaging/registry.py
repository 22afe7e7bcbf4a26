"""The literal tables that apps fill in `ready()`: subjects, handlers and listeners."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured

from messaging.envelope import Envelope
from messaging.models import InboxMessage, OutboxMessage
from messaging.signing import PublicKey


class Mode(enum.Enum):
    """Whether the sender waits for the answer in the HTTP response (SYNC) or not."""

    SYNC = "SYNC"
    ASYNC = "ASYNC"


class Sender(enum.Enum):
    """Who may send a subject, by how the message is proved (protocol 2.3)."""

    DOMAIN = "DOMAIN"
    WALLET = "WALLET"
    CHAT = "CHAT"
    SELF = "SELF"
    UNSIGNED = "UNSIGNED"


@dataclass(frozen=True)
class Subject:
    """One subject served here. `key` finds the key of wallet, chat and self senders; `public`
    subjects answer with what anybody may know: they are sync, their handlers need not VERIFY and
    can have no effect, and nothing of a question is stored. `has_room` is asked about a proved
    message before it is stored: what it says no to is refused for now (429). `sizes` is how many
    times SUBJECT_MAX_BYTES such a message may have."""

    name: str
    mode: Mode
    senders: frozenset[Sender]
    key: Callable[[Envelope], PublicKey | None] | None = None
    public: bool = False
    has_room: Callable[[Envelope], bool] | None = None
    sizes: int = 1


@dataclass(frozen=True)
class Question:
    """A message of a public subject that passed the inbox's checks; it is stored nowhere."""

    subject: str
    recipient: str
    envelope: Envelope


ResponseListener = Callable[[OutboxMessage, "dict[str, Any] | None", str], None]
Listener = Callable[[OutboxMessage], None]
# What is told of a message of ours that its receiver discarded, and the reason that it gave.
DiscardListener = Callable[[OutboxMessage, str], None]
# What answers a message that was discarded here, by the code of why; says whether it did.
Refuser = Callable[[InboxMessage, str], bool]


def _no_handler(message: InboxMessage) -> NoReturn:
    raise ImproperlyConfigured("no app registered a message handler")


def _no_answerer(question: Question) -> NoReturn:
    raise ImproperlyConfigured("no app answers public questions")


def _no_listener(message: OutboxMessage, body: dict[str, Any] | None, error: str) -> NoReturn:
    raise ImproperlyConfigured("no app registered a response listener")


@dataclass
class Registry:
    """Everything registered by the apps of this deployment; unregistered calls fail loudly."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    start: Callable[[InboxMessage], None] = _no_handler
    drive: Callable[[InboxMessage], bool] = _no_handler
    answer: Callable[[Question], tuple[int, dict[str, Any]]] = _no_answerer
    on_response: ResponseListener = _no_listener
    askers: dict[str, ResponseListener] = field(default_factory=dict)
    delivered: dict[str, Listener] = field(default_factory=dict)
    undeliverable: dict[str, Listener] = field(default_factory=dict)
    resendable: dict[str, Callable[[OutboxMessage], bool]] = field(default_factory=dict)
    discarded: dict[str, DiscardListener] = field(default_factory=dict)
    refusers: dict[str, Refuser] = field(default_factory=dict)


registry = Registry()


def _add(table: dict[str, Any], entries: Mapping[str, Any], kind: str) -> None:
    for name, entry in entries.items():
        if table.setdefault(name, entry) is not entry:
            raise ImproperlyConfigured(f"two apps register the {kind} {name}")


def register_subjects(entries: Mapping[str, Subject]) -> None:
    """Add subjects by name. Raises ImproperlyConfigured when one is taken or misnamed."""
    for name, subject in entries.items():
        if subject.name != name:
            raise ImproperlyConfigured(f"the subject {name} calls itself {subject.name}")
        if subject.public and subject.mode is not Mode.SYNC:
            raise ImproperlyConfigured(f"{name} is public, and has no answer")
    _add(registry.subjects, entries, "subject")


def subjects() -> Mapping[str, Subject]:
    """Return every subject served here, by name."""
    return registry.subjects


def set_handler(
    start: Callable[[InboxMessage], None], drive: Callable[[InboxMessage], bool]
) -> None:
    """Say what handles messages: `start` runs in the transaction that stores one, `drive` works
    on a sync one after the commit, until `response_status` is set or its own deadline, and says
    whether an answer may still come."""
    registry.start, registry.drive = start, drive


def set_answerer(answer: Callable[[Question], tuple[int, dict[str, Any]]]) -> None:
    """Say what answers public questions: a status and a body, with no effect on any row."""
    registry.answer = answer


def set_response_listener(listener: ResponseListener) -> None:
    """Say who is told the outcome of an expects_response message: its body, or None and why.

    Called in the transaction that ends the message.
    """
    registry.on_response = listener


def register_askers(entries: Mapping[str, ResponseListener]) -> None:
    """Say who is told the outcome instead, where the message's origin is `NAME:...` (no run's)."""
    _add(registry.askers, entries, "asker")


def response_listener(message: OutboxMessage) -> ResponseListener:
    """Return who is told the outcome of this expects_response message."""
    return registry.askers.get(message.origin.partition(":")[0], registry.on_response)


def register_delivered(entries: Mapping[str, Listener]) -> None:
    """Say who is told, by subject, in the transaction that marks a message SENT."""
    _add(registry.delivered, entries, "delivery listener of")


def register_undeliverable(entries: Mapping[str, Listener]) -> None:
    """Say who is told, by subject, in the transaction that marks a message DEAD."""
    _add(registry.undeliverable, entries, "undeliverable listener of")


def register_resendable(entries: Mapping[str, Callable[[OutboxMessage], bool]]) -> None:
    """Say who is asked, by subject, whether a DEAD message may be sent again; others always may."""
    _add(registry.resendable, entries, "judge of sending again")


def register_discarded(entries: Mapping[str, DiscardListener]) -> None:
    """Say who is told, by subject, in the transaction that hears of it, that a receiver discarded
    a message of ours which it had acknowledged. Operators see it on every message."""
    _add(registry.discarded, entries, "listener to discards of")


def register_refusers(entries: Mapping[str, Refuser]) -> None:
    """Say who answers, by subject, a message that is discarded here after its acknowledgement, in
    the transaction that discards it; of others the sender's Buffer is told."""
    _add(registry.refusers, entries, "refuser of")
