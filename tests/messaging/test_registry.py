"""The tables that apps fill: taken names and missing apps fail loudly."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging import registry as tables
from messaging.models import InboxMessage, OutboxMessage
from messaging.registry import Mode, Registry, Sender, Subject

SUBJECT = Subject("Offered@Issuer", Mode.ASYNC, frozenset({Sender.DOMAIN}))


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()
    monkeypatch.setattr(tables, "registry", registry)
    return registry


def test_subjects_are_registered_once() -> None:
    tables.register_subjects({SUBJECT.name: SUBJECT})
    tables.register_subjects({SUBJECT.name: SUBJECT})  # ready() may run again
    assert tables.subjects() == {SUBJECT.name: SUBJECT}
    other = Subject(SUBJECT.name, Mode.SYNC, SUBJECT.senders)
    with pytest.raises(ImproperlyConfigured, match="Offered@Issuer"):
        tables.register_subjects({other.name: other})


def test_subject_under_another_name_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured):
        tables.register_subjects({"Issue@Broker": SUBJECT})


def test_listeners_are_registered_once_per_subject() -> None:
    def first(message: OutboxMessage) -> None: ...
    def second(message: OutboxMessage) -> None: ...

    for register in (tables.register_delivered, tables.register_undeliverable):
        register({"Issue@Broker": first})
        with pytest.raises(ImproperlyConfigured):
            register({"Issue@Broker": second})


def test_what_nobody_registered_fails_loudly(empty: Registry) -> None:
    with pytest.raises(ImproperlyConfigured):
        empty.start(InboxMessage())
    with pytest.raises(ImproperlyConfigured):
        empty.drive(InboxMessage())
    with pytest.raises(ImproperlyConfigured):
        empty.on_response(OutboxMessage(), None, "refused")


def test_handlers_are_those_that_were_set(empty: Registry) -> None:
    def work(message: InboxMessage) -> None: ...
    def drive(message: InboxMessage) -> bool:
        return True

    def hear(message: OutboxMessage, body: object, error: str) -> None: ...

    tables.set_handler(work, drive)
    tables.set_response_listener(hear)
    assert (empty.start, empty.drive, empty.on_response) == (work, drive, hear)
