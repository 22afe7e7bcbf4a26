"""The operators' pages of messaging: what they show, and what may be done to keys and messages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.test import RequestFactory

from messaging import admin as pages
from messaging import clock, keys, outbox
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
from operators.models import Act
from operators.pages import ReadOnlyAdmin
from tests.messaging.parties import BROKER, THEATRE, Desk
from tests.operators import scenery
from tests.operators.scenery import logged_in

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
    desk: Desk,
) -> None:
    dead, _due = (
        outbox.queue(
            sender=THEATRE, recipient=BROKER, subject="Issue@Broker", body={}, key=f"run:1:{number}"
        )
        for number in range(2)
    )
    OutboxMessage.objects.filter(pk=dead.pk).update(state=OutboxState.DEAD, attempts=9)
    assert act("send_again", pages.OutboxMessageAdmin, OutboxMessage.objects.all()) == [
        "1 outbox message will be sent again.",
        "1 outbox message was left alone.",
    ]
    again = OutboxMessage.objects.get(pk=dead.pk)
    assert (again.state, again.attempts) == (OutboxState.DUE, 0)


def test_operator_has_listeners_told_again(desk: Desk) -> None:
    message = outbox.queue(
        sender=THEATRE, recipient=BROKER, subject="Issue@Broker", body={}, key="run:1:1"
    )
    Untold.objects.create(
        message=message, listens="OUTCOME", attempts=8, error="KeyError()", since=clock.now()
    )
    told = act("tell_again", pages.UntoldAdmin, Untold.objects.all())
    assert told == ["1 untold listener will be told again."]
    assert Untold.objects.get().due_at is not None


def form_data(**changes: str) -> dict[str, str]:
    key = PrivateKey.generate().public.dkim
    kept = {"domain": "Broker.test", "selector": "pw1", "public_key": key, "reason": "told so"}
    return kept | changes


def test_operator_pins_a_key_above_the_one_from_dns(request_: Any) -> None:
    PeerKey.objects.create(
        domain=BROKER, selector="pw1", source="DNS", public_key="x", created_at=clock.now()
    )
    page = pages.PeerKeyAdmin(PeerKey, SITE)
    assert page.has_add_permission(request_)
    assert not page.has_change_permission(request_)
    assert list(pages.PinForm(form_data()).errors) == ["replace"]
    form = pages.PinForm(form_data(replace="on"))
    assert form.is_valid(), form.errors
    pinned = form.save(commit=False)
    page.save_model(request_, pinned, form, change=False)
    row = PeerKey.objects.get()
    assert (row.pk, row.domain, row.source) == (pinned.pk, BROKER, "PINNED")
    assert len(row.public_key) == 60
    kept = Act.objects.get()
    assert (kept.by, kept.verb, kept.reason) == ("operator", "messaging.pin_peerkey", "told so")


@pytest.mark.parametrize(
    "changes",
    [{"domain": "localhost"}, {"selector": "a.b"}, {"public_key": "x"}, {"reason": ""}],
)
def test_nonsense_is_not_pinned(changes: dict[str, str]) -> None:
    form = pages.PinForm(form_data(**changes))
    assert list(form.errors) == list(changes)


def act(name: str, kind: Any, rows: Any) -> list[str]:
    """Press a verb of a page as a superuser; return what it told the operator."""
    bob = User.objects.filter(username="bob").first() or User.objects.create_superuser("bob")
    client = logged_in(bob)
    [page] = [page for page in scenery.pages() if isinstance(page, kind)]
    answer = scenery.do(client, page, name, *rows.values_list("pk", flat=True))
    return [str(message) for message in client.get(answer.url).context["messages"]]


def test_operator_makes_rotates_retires_and_voids_keys(monkeypatch: Any) -> None:
    keys.create_domain(THEATRE)
    monkeypatch.setattr("messaging.key_life._require_published", lambda name: None)

    def do(name: str, selector: str) -> str:
        rows = DomainKey.objects.filter(selector=selector)
        return " ".join(act(name, pages.DomainKeyAdmin, rows))

    made = act("make_next_key", pages.HostedDomainAdmin, HostedDomain.objects.all())
    assert made[0] == "1 hosted domain has its next key."
    assert "pw2 of theatre.test is made" in made[1]
    assert "pw2 of theatre.test signs now" in do("rotate", "pw2")
    assert "minutes ago" in do("retire", "pw1")
    assert "is refused from now on; pw3 of theatre.test signs" in do("compromise", "pw2")
    states = dict(DomainKey.objects.values_list("selector", "state"))
    assert states == {"pw1": "PREVIOUS", "pw2": "COMPROMISED", "pw3": "ACTIVE"}


def test_key_that_is_not_next_does_not_sign() -> None:
    keys.create_domain(THEATRE)
    client = logged_in(User.objects.create_superuser("bob"))
    [page] = [page for page in scenery.pages() if isinstance(page, pages.DomainKeyAdmin)]
    asked = scenery.press(client, page, "rotate", DomainKey.objects.get().pk).content.decode()
    assert "it is ACTIVE, not a NEXT key" in asked


def test_keys_are_moved_only_by_who_may_move_them() -> None:
    keys.create_domain(THEATRE)
    reader = scenery.user("reader", group="viewer", domains=(THEATRE,))
    for kind in (pages.DomainKeyAdmin, pages.HostedDomainAdmin):
        [page] = [page for page in scenery.pages() if isinstance(page, kind)]
        request = RequestFactory().get("/")
        request.user = reader
        assert page.has_view_permission(request)
        assert page.get_actions(request) == {}
