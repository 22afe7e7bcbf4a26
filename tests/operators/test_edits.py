"""Saving and deleting: a deletion says why, a save may, both say who."""

from __future__ import annotations

from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from host.models import Talker
from operators.models import Act
from operators.pages import DomainAdmin, ReadOnlyAdmin
from scripts.models import ItemSet
from tests.operators.scenery import (
    MINE,
    OTHERS,
    Scene,
    address,
    given,
    logged_in,
    mark,
    pages,
    press,
    user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scene")]
DELETED = [page for page in pages() if not isinstance(page, ReadOnlyAdmin)]


@pytest.mark.parametrize("page", DELETED, ids=lambda page: page.opts.label)
def test_one_row_is_deleted_from_its_own_page_with_a_reason_only(
    page: DomainAdmin, scene: Scene
) -> None:
    row = scene[MINE][page.opts.label_lower]
    other = scene[OTHERS][page.opts.label_lower]
    client, url = (
        logged_in(User.objects.create_superuser("olivia")),
        address(page, "delete", row.pk),
    )
    asked = client.get(url)
    text = unescape(asked.content.decode())
    if "cannot be without it" in text:
        assert "There is nothing to do." in text
        client.post(url, {"post": "yes", "reason": "x", "press": str(uuid4())})
        assert page.model._base_manager.filter(pk=row.pk).exists()
        return
    assert f"Delete: 1 {page.opts.verbose_name}." in text
    for more in ({}, {"reason": ""}, {"reason": "  "}):
        assert client.post(url, {"post": "yes", "press": mark(asked), **more}).status_code == 200
    assert page.model._base_manager.filter(pk=row.pk).exists()
    more = {"post": "yes", "reason": "old", "press": mark(asked), "_selected_action": other.pk}
    assert client.post(url, more).status_code == 302
    assert not page.model._base_manager.filter(pk=row.pk).exists()
    assert page.model._base_manager.filter(pk=other.pk).exists(), "only what its address names"
    act = Act.objects.get(by="olivia", object_id=str(row.pk), model=page.opts.label_lower)
    assert (act.verb, act.reason, act.outcome) == (page.deletion().permission, "old", "deleted")


def test_what_goes_along_is_told_before_and_what_is_needed_is_left(scene: Scene) -> None:
    account = scene[MINE]["auth.user"]
    [users] = [page for page in pages() if page.model is User]
    [sets] = [page for page in pages() if page.model is ItemSet]
    client = logged_in(User.objects.create_superuser("olivia"))
    assert "1 user domain" in client.get(address(users, "delete", account.pk)).content.decode()
    asked = press(client, sets, "delete_selected", scene[MINE]["scripts.itemset"].pk)
    assert "1 item cannot be without it" in asked.content.decode()


@pytest.mark.parametrize("reason", ["", "the hall has moved"])
def test_edits_are_recorded_with_who_did_them_and_why(reason: str, scene: Scene) -> None:
    [page] = [page for page in pages() if page.opts.label == "host.Form"]
    form = scene[MINE]["host.form"]
    client = logged_in(user("anna", group="author", domains=(MINE,)))
    assert 'name="reason"' in client.get(address(page, "change", form.pk)).content.decode()
    fields = {"domain": MINE, "key": "join", "language": "en-us", "steps": '[{"Schema": "a/B"}]'}
    client.post(address(page, "change", form.pk), {**fields, "title": "New", "reason": reason})
    act = Act.objects.get(by="anna")
    assert (act.verb, act.reason) == ("host.change_form", reason)
    assert "Reason" not in act.outcome, "it is no field of the row"
    for odd in ("x" * 501, "\0"):
        answer = client.post(
            address(page, "change", form.pk), {**fields, "title": "Odd", "reason": odd}
        )
        assert answer.status_code == 200
    assert Act.objects.filter(by="anna").count() == 1


WRITTEN = [page for page in DELETED if page.opts.app_label != "auth"]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.opts.label)
def test_every_page_that_writes_takes_a_reason_and_who_looks_is_asked_none(
    page: DomainAdmin, scene: Scene
) -> None:
    url = address(page, "change", scene[MINE][page.opts.label_lower].pk)
    assert (
        'name="reason"'
        in logged_in(User.objects.create_superuser("olivia")).get(url).content.decode()
    )
    viewer = given(user("vera", group="viewer", domains=(MINE,)), "reach_every_domain")
    answer = logged_in(viewer).get(url)
    assert answer.status_code == 200
    assert "Reason:" not in answer.content.decode()


def test_talker_that_is_renamed_is_not_kept_twice(scene: Scene) -> None:
    [page] = [page for page in pages() if page.model is Talker]
    talker, others = scene[MINE]["host.talker"], scene[OTHERS]["host.talker"]
    client = logged_in(user("anna", group="author", domains=(MINE,)))
    fields = {"domain": MINE, "key": "other", "title": "T", "source": "💬 T:\n- INFO: Hi\n"}
    for more in ({"key": "renamed"}, {"id": others.pk}, {"pk": others.pk}, {"domain": OTHERS}):
        client.post(address(page, "change", talker.pk), {**fields, **more})
    kept = sorted(Talker.objects.values_list("pk", "domain", "key"))
    assert kept == sorted([(talker.pk, MINE, "other"), (others.pk, OTHERS, "ticket")])
