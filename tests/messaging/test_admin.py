"""The operators' pages: everything is read, nothing is changed but by re-sending and pinning."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.test import RequestFactory

from messaging import admin as pages
from messaging import clock, keys, outbox
from messaging.admin_readonly import ReadOnlyAdmin
from messaging.models import (
    DomainKey,
    HostedDomain,
    InboxMessage,
    OutboxMessage,
    PeerKey,
    Refusal,
    Untold,
)
from messaging.signing import PrivateKey
from messaging.states import OutboxState
from tests.messaging.parties import BROKER, THEATRE, Desk

pytestmark = pytest.mark.django_db
SITE = AdminSite()
READ_ONLY: list[tuple[type[ReadOnlyAdmin], Any]] = [
    (pages.HostedDomainAdmin, HostedDomain),
    (pages.DomainKeyAdmin, DomainKey),
    (pages.InboxMessageAdmin, InboxMessage),
    (pages.OutboxMessageAdmin, OutboxMessage),
    (pages.RefusalAdmin, Refusal),
]


@pytest.fixture
def request_() -> Any:
    request = RequestFactory().get("/")
    request.user = User(username="operator", is_superuser=True, is_staff=True, is_active=True)
    return request


@pytest.mark.parametrize(("kind", "model"), READ_ONLY)
def test_rows_of_the_machine_are_read_only(kind: Any, model: Any, request_: Any) -> None:
    shown = kind(model, SITE)
    assert not shown.has_add_permission(request_)
    assert not shown.has_change_permission(request_)
    assert not shown.has_delete_permission(request_)
    assert shown.has_view_permission(request_)


@pytest.mark.parametrize(("kind", "model"), [*READ_ONLY, (pages.PeerKeyAdmin, PeerKey)])
def test_lists_search_and_filter(kind: Any, model: Any, request_: Any) -> None:
    shown = kind(model, SITE)
    changes = shown.get_changelist_instance(request_)
    assert list(changes.get_queryset(request_)) == []
    found, _ = shown.get_search_results(request_, model.objects.all(), "theatre")
    assert list(found) == []


def test_private_keys_are_never_shown(request_: Any) -> None:
    keys.create_domain(THEATRE)
    page = pages.DomainKeyAdmin(DomainKey, SITE)
    shown = {*page.get_fields(request_), *page.get_list_display(request_), *page.search_fields}
    assert "private_key" not in shown
    response = page.change_view(request_, str(DomainKey.objects.get().pk))
    html = response.render().content.decode() if hasattr(response, "render") else ""
    assert DomainKey.objects.get().public_key in html
    assert DomainKey.objects.get().private_key not in html


def test_operator_sends_dead_messages_again(
    request_: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("django.contrib.messages.info", lambda request, text: said.append(text))
    dead, _due = (
        outbox.queue(
            sender=THEATRE, recipient=BROKER, subject="Issue@Broker", body={}, key=f"run:1:{number}"
        )
        for number in range(2)
    )
    OutboxMessage.objects.filter(pk=dead.pk).update(state=OutboxState.DEAD, attempts=9)
    page = pages.OutboxMessageAdmin(OutboxMessage, SITE)
    assert page.has_resend_permission(request_)
    assert "send_again" in page.get_actions(request_)
    page.send_again(request_, OutboxMessage.objects.all())
    assert said == ["1 of 2 will be sent again; the others are not dead, or over."]
    again = OutboxMessage.objects.get(pk=dead.pk)
    assert (again.state, again.attempts) == (OutboxState.DUE, 0)


def test_operator_has_listeners_told_again(
    request_: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("django.contrib.messages.info", lambda request, text: said.append(text))
    message = outbox.queue(
        sender=THEATRE, recipient=BROKER, subject="Issue@Broker", body={}, key="run:1:1"
    )
    Untold.objects.create(
        message=message, listens="OUTCOME", attempts=8, error="KeyError()", since=clock.now()
    )
    page = pages.UntoldAdmin(Untold, SITE)
    assert "tell_again" in page.get_actions(request_)
    page.tell_again(request_, Untold.objects.all())
    assert said == ["1 of 1 will be told again."]
    assert Untold.objects.get(due_at__lte=clock.now()).attempts == 0
    request_.user = User(username="reader", is_staff=True, is_active=True, pk=1)
    assert page.get_actions(request_) == {}


def form_data(**changes: str) -> dict[str, str]:
    key = PrivateKey.generate().public.dkim
    return {"domain": "Broker.test", "selector": "pw1", "public_key": key} | changes


def test_operator_pins_a_key_above_the_one_from_dns(request_: Any) -> None:
    PeerKey.objects.create(
        domain=BROKER, selector="pw1", source="DNS", public_key="x", created_at=clock.now()
    )
    page = pages.PeerKeyAdmin(PeerKey, SITE)
    assert page.has_add_permission(request_)
    assert not page.has_change_permission(request_)
    form = pages.PinForm(form_data())
    assert form.is_valid(), form.errors
    pinned = form.save(commit=False)
    page.save_model(request_, pinned, form, change=False)
    row = PeerKey.objects.get()
    assert (row.pk, row.domain, row.source) == (pinned.pk, BROKER, "PINNED")
    assert len(row.public_key) == 60


@pytest.mark.parametrize(
    "changes", [{"domain": "localhost"}, {"selector": "a.b"}, {"public_key": "x"}]
)
def test_nonsense_is_not_pinned(changes: dict[str, str]) -> None:
    form = pages.PinForm(form_data(**changes))
    assert list(form.errors) == list(changes)


def act(page: Any, name: str, rows: Any, request_: Any, monkeypatch: Any) -> list[str]:
    """Run an action of an admin page; return what it told the operator."""
    told: list[str] = []
    monkeypatch.setattr(
        type(page), "message_user", lambda self, request, text, *rest: told.append(str(text))
    )
    getattr(page, name)(request_, rows)
    return told


def test_operator_makes_rotates_retires_and_voids_keys(request_: Any, monkeypatch: Any) -> None:
    keys.create_domain(THEATRE)
    domains = pages.HostedDomainAdmin(HostedDomain, SITE)
    page = pages.DomainKeyAdmin(DomainKey, SITE)
    monkeypatch.setattr("messaging.key_life._require_published", lambda name: None)

    def do(name: str, selector: str) -> str:
        rows = DomainKey.objects.filter(selector=selector)
        [text] = act(page, name, rows, request_, monkeypatch)
        return text

    assert (
        "is made"
        in act(domains, "make_next_key", HostedDomain.objects.all(), request_, monkeypatch)[0]
    )
    assert do("rotate", "pw1") == "pw1 of theatre.test is not a NEXT key."
    assert do("rotate", "pw2").startswith("pw2 of theatre.test signs now")
    assert "minutes ago" in do("retire", "pw1")
    assert "is refused from now on; pw3 of theatre.test signs" in do("compromise", "pw2")
    assert "already" in do("compromise", "pw2")
    states = dict(DomainKey.objects.values_list("selector", "state"))
    assert states == {"pw1": "PREVIOUS", "pw2": "COMPROMISED", "pw3": "ACTIVE"}


def test_keys_are_moved_only_by_who_may_change_them(request_: Any) -> None:
    request_.user = User(username="reader", is_staff=True, is_active=True, pk=1)
    assert not pages.DomainKeyAdmin(DomainKey, SITE).has_rotate_permission(request_)
    assert pages.DomainKeyAdmin(DomainKey, SITE).get_actions(request_) == {}
    assert pages.HostedDomainAdmin(HostedDomain, SITE).get_actions(request_) == {}
