"""Viewing is not acting: every verb has a permission, a page that asks why, and a record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.urls import path

from issuer.models import Token
from operators import checks
from operators.commands import WRITES
from operators.models import Act
from operators.pages import DomainAdmin, ReadOnlyAdmin
from operators.verbs import Verb
from scripts import lifecycle
from scripts.models import Item, Run
from tests.operators.scenery import (
    MINE,
    OTHERS,
    Scene,
    address,
    do,
    given,
    logged_in,
    mark,
    pages,
    press,
    user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scene")]
VERBS = [(page, verb) for page in pages() for verb in page.verbs]
IDS = [verb.permission for _, verb in VERBS]
EVERY = "reach_every_domain"
HISTORY = "<path:object_id>/history/"


def state_of(rows: dict[str, Any]) -> dict[str, Any]:
    """Return all that is stored of the scenery's rows."""
    return {
        label: type(row).objects.filter(pk=row.pk).values().get() for label, row in rows.items()
    }


def test_no_page_breaks_a_rule() -> None:
    assert checks.faults(admin.site) == []


def test_all_verbs_are_found() -> None:
    assert {verb.name for _, verb in VERBS} >= {
        "cancel",
        "retry",
        "let_start",
        "withdraw",
        "revoke",
        "rotate",
        "retire",
        "compromise",
        "make_next_key",
        "send_again",
        "probe",
    }


@pytest.mark.parametrize(("page", "verb"), VERBS, ids=IDS)
def test_viewer_is_offered_no_verb_and_presses_it_in_vain(
    page: DomainAdmin, verb: Verb, scene: Scene
) -> None:
    rows = scene[MINE]
    row = rows[page.opts.label_lower]
    account = user("vera", group="viewer", domains=(MINE,))
    client = logged_in(given(account, EVERY))
    before = state_of(rows)
    assert verb.name not in client.get(address(page)).content.decode()
    for more in ({}, {"post": "yes", "reason": "x", "press": "0" * 32}):
        assert press(client, page, verb.name, row.pk, **more).status_code == 403
    assert state_of(rows) == before
    assert Act.objects.filter(by="vera").count() == 0


@pytest.mark.parametrize(("page", "verb"), VERBS, ids=IDS)
def test_verb_asks_why_is_recorded_and_done_once(
    page: DomainAdmin, verb: Verb, scene: Scene
) -> None:
    row = scene[MINE][page.opts.label_lower]
    account = given(user("oscar"), EVERY, verb.permission.partition(".")[2])
    account = given(account, f"view_{page.opts.model_name}")
    client = logged_in(account)
    asked = press(client, page, verb.name, row.pk)
    text = unescape(asked.content.decode())
    if verb.left(row):
        assert verb.left(row) in text
        assert "There is nothing to do." in text
        return
    assert f"{verb.label}: 1 {page.opts.verbose_name}." in text
    assert verb.effect[0] in text
    assert str(row) in text
    for reason in ("", "   ", "\0", "x" * 501):
        more = {"post": "yes", "reason": reason, "press": mark(asked)}
        assert press(client, page, verb.name, row.pk, **more).status_code == 200
    assert not Act.objects.filter(by="oscar").exclude(reason="because").exists()
    more = {"post": "yes", "reason": "it must be", "press": mark(asked)}
    for _ in range(2):
        assert press(client, page, verb.name, row.pk, **more).status_code == 302
    [act] = Act.objects.filter(by="oscar", reason="it must be")
    assert (act.verb, act.model, act.object_id) == (
        verb.permission,
        page.opts.label_lower,
        str(row.pk),
    )
    assert act.outcome and not act.outcome.startswith("failed")


@pytest.mark.parametrize(("page", "verb"), VERBS, ids=IDS)
def test_verb_reaches_no_row_of_another_domain(page: DomainAdmin, verb: Verb, scene: Scene) -> None:
    """One of the selected is another domain's: only one's own are named and done."""
    others = scene[OTHERS]
    row = others[page.opts.label_lower]
    client = logged_in(user("olga", group="operator", domains=(MINE,)))
    before = state_of(others)
    assert press(client, page, verb.name, row.pk).status_code in (302, 403)
    more = {"post": "yes", "reason": "x", "press": "1" * 32}
    assert press(client, page, verb.name, row.pk, **more).status_code in (302, 403)
    assert state_of(others) == before
    assert not Act.objects.filter(by="olga", reason="x").exists()


@contextmanager
def written() -> Iterator[list[str]]:
    """Collect what is written to any table, but for what looking itself leaves: the session."""
    found: list[str] = []

    def heard(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.lstrip(" (").upper().startswith(WRITES) and "django_session" not in sql:
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(heard):
        yield found


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.opts.label)
def test_viewer_changes_nothing_by_any_address(page: DomainAdmin, scene: Scene) -> None:
    row = scene[MINE][page.opts.label_lower]
    viewer = given(user("vera", group="viewer", domains=(MINE,)), "reach_every_domain")
    client = logged_in(viewer)
    with written() as writes:
        for pattern in page.urls:
            place = str(pattern.pattern)
            url = address(page) + place.replace("<path:object_id>", str(row.pk)).replace(
                "<id>", str(row.pk)
            )
            pressed = {"action": "delete_selected", "post": "yes"}
            for data in ({"post": "yes"}, pressed) if place == "" else ({"post": "yes"},):
                answer = client.post(url, {**data, "_selected_action": str(row.pk)})
                assert answer.status_code in (200, 301, 302, 400, 403), url
                assert answer.status_code != 200 or place in ("", HISTORY), url  # they show
    assert writes == []


def test_runs_of_two_are_told_in_the_right_number(scene: Scene) -> None:
    [page] = [page for page in pages() if page.model is Run]
    first = scene[MINE]["scripts.run"]
    second = scene[OTHERS]["scripts.run"]
    client = logged_in(_superuser())
    asked = press(client, page, "cancel", first.pk, second.pk).content.decode()
    assert "Cancel for good: 2 runs." in asked
    assert "They end now and for good" in asked
    answer = do(client, page, "cancel", first.pk)
    told = [str(message) for message in client.get(answer.url).context["messages"]]
    assert told == ["1 run is cancelled."]
    answer = do(client, page, "cancel", first.pk, second.pk)
    told = [str(message) for message in client.get(answer.url).context["messages"]]
    assert told == ["1 run is cancelled.", "1 run was left alone."]
    both = Run.objects.filter(pk__in=[first.pk, second.pk])
    assert set(both.values_list("state", flat=True)) == {"CANCELLED"}


def _superuser() -> Any:
    return User.objects.create_superuser("olivia")


def test_only_what_the_page_named_is_done(scene: Scene) -> None:
    """Between the page and the press more rows come to match: they are not touched."""
    [page] = [page for page in pages() if page.model is Run]
    first = scene[MINE]["scripts.run"]
    client = logged_in(_superuser())
    asked = press(client, page, "cancel", first.pk, select_across="1")
    second = scene[OTHERS]["scripts.run"]
    more = {"post": "yes", "reason": "x", "press": mark(asked), "select_across": "1"}
    press(client, page, "cancel", first.pk, **more)
    assert Run.objects.get(pk=second.pk).state == "QUARANTINED"
    assert Run.objects.get(pk=first.pk).state == "CANCELLED"


def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    monkeypatch.setattr("operators.verbs.MOST", 1)
    [page] = [page for page in pages() if page.model is Run]
    chosen = [scene[domain]["scripts.run"].pk for domain in (MINE, OTHERS)]
    client = logged_in(_superuser())
    answer = press(client, page, "cancel", *chosen)
    told = [str(message) for message in client.get(answer.url).context["messages"]]
    assert told == ["Choose at most 1 at once; more than that are selected."]


def test_one_row_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    [page] = [page for page in pages() if page.model is Run]
    bad, good = (scene[domain]["scripts.run"] for domain in (MINE, OTHERS))
    real = lifecycle.cancel

    def cancel(run_id: Any, *, by: str, why: str) -> bool:
        if run_id == bad.pk:
            raise RuntimeError("broken")
        return bool(real(run_id, by=by, why=why))

    monkeypatch.setattr("scripts.lifecycle.cancel", cancel)
    do(logged_in(_superuser()), page, "cancel", bad.pk, good.pk)
    assert Run.objects.get(pk=good.pk).state == "CANCELLED"
    outcomes = dict(Act.objects.filter(by="olivia").values_list("object_id", "outcome"))
    assert outcomes == {str(bad.pk): "failed: RuntimeError", str(good.pk): "cancelled"}


def test_revoked_token_says_who_and_why_in_its_history(scene: Scene) -> None:
    [page] = [page for page in pages() if page.model is Token]
    token = scene[MINE]["issuer.token"]
    client = logged_in(user("olga", group="operator", domains=(MINE,)))
    do(client, page, "revoke", token.pk, reason="sold twice")
    kept = Token.objects.get(pk=token.pk)
    assert kept.status == "REVOKED"
    assert kept.events.get(kind="STATUS").origin == "operator:olga"
    history = client.get(address(page, "history", token.pk)).content.decode()
    for word in ("olga", "issuer.revoke_token", "sold twice", "revoked"):
        assert word in history


def test_records_cannot_be_changed_or_deleted(scene: Scene) -> None:
    act = scene[MINE]["operators.act"]
    [page] = [page for page in pages() if page.model is Act]
    client = logged_in(_superuser())
    for what in ("change", "delete"):
        answer = client.post(address(page, what, act.pk), {"by": "nobody", "post": "yes"})
        assert answer.status_code == 403
    assert press(client, page, "delete_selected", act.pk, post="yes").status_code == 403
    assert client.get(address(page, "add")).status_code == 403
    assert Act.objects.get(pk=act.pk).by == "olga"


def test_bulk_deletion_asks_why_and_is_recorded(scene: Scene) -> None:
    [page] = [page for page in pages() if page.opts.label == "host.Talker"]
    talker = scene[MINE]["host.talker"]
    client = logged_in(user("anna", group="author", domains=(MINE,)))
    do(client, page, "delete_selected", talker.pk, reason="old")
    assert not page.model._base_manager.filter(pk=talker.pk).exists()
    assert Act.objects.get(by="anna").verb == "host.delete_talker"


# -- the rule itself: pages that break it ----------------------------------------------------


class Looks(ReadOnlyAdmin):
    domain_path = "set__domain"


def act_unasked(*args: Any) -> Any:
    raise AssertionError


class Action(Looks):
    actions = (act_unasked,)


class ViewVerb(Looks):
    verbs = (Verb("x", "scripts.view_item", "X", ("", ""), ("", ""), act_unasked),)


class NoPermission(Looks):
    verbs = (Verb("x", "scripts.x_item", "X", ("", ""), ("", ""), act_unasked),)


class Borrowed(Looks):
    verbs = (Verb("x", "scripts.cancel_run", "X", ("", ""), ("", ""), act_unasked),)


class View(Looks):
    def get_urls(self) -> list[Any]:
        return [path("x/", act_unasked, name="scripts_item_x"), *super().get_urls()]


class Nameless(Looks):
    def get_urls(self) -> list[Any]:
        return [path("x/", act_unasked), *super().get_urls()]


class NoDomain(ReadOnlyAdmin):
    pass


class WrongDomain(ReadOnlyAdmin):
    domain_path = "set__nothing"


class InTheList(Looks):
    list_display = ("pk", "key")
    list_editable = ("key",)


class Plain(admin.ModelAdmin):
    pass


@pytest.mark.parametrize(
    "kind",
    [Action, ViewVerb, NoPermission, Borrowed, View, Nameless, NoDomain, WrongDomain, InTheList],
)
def test_page_that_breaks_a_rule_is_found(kind: Any) -> None:
    """Beside the pages that there are, as a new one would come."""
    site = admin.AdminSite()
    site.disable_action("delete_selected")
    for model, page in admin.site._registry.items():
        site.register(model, kind if model is Item else type(page))
    assert len([fault for fault in checks.faults(site) if fault.startswith("scripts.Item:")]) == 1


def test_plain_page_and_action_of_the_site_are_found() -> None:
    site = admin.AdminSite()
    site.register(Item, Plain)
    assert len(checks.faults(site)) == 2
