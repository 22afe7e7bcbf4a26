"""Whoever is bound to a domain finds nothing of another, in no list, form, choice or history."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.urls import reverse

from host.models import Form, Schema, Talker, Title
from operators.pages import DomainAdmin, ReadOnlyAdmin
from operators.reach import NO_DOMAIN
from scripts.models import Item, ItemSet, Run, ScriptVersion
from tests.operators.scenery import (
    LOANS,
    MINE,
    OTHERS,
    Scene,
    address,
    do,
    given,
    logged_in,
    pages,
    press,
    user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scene")]
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: page.opts.label)
BOUND = [page for page in pages() if page.domain_path != NO_DOMAIN or page.model is ScriptVersion]
EDITED = [page for page in BOUND if not isinstance(page, ReadOnlyAdmin)]


def bound(*domains: str) -> User:
    """Return somebody who has every permission but to reach every domain."""
    account = user("anna", domains=domains)
    account.user_permissions.set(Permission.objects.exclude(codename="reach_every_domain"))
    return User.objects.get(pk=account.pk)


def shows(answer: Any, row: Any) -> bool:
    """Say whether a page names a row; a name of a letter or two is on every page."""
    return len(str(row)) > 4 and str(row) in answer.content.decode()


def looked(page: DomainAdmin, account: User) -> list[Any]:
    """Return the rows of a list, without its page; none when it is closed to the account."""
    request = RequestFactory().get(address(page))
    request.user = account
    if not page.has_view_permission(request):
        return []
    return list(page.get_changelist_instance(request).result_list)


def shown(client: Client, page: DomainAdmin) -> list[Any]:
    answer = client.get(address(page))
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


@PAGES
def test_list_shows_only_rows_of_ones_own_domains(page: DomainAdmin, scene: Scene) -> None:
    mine, others = scene[MINE], scene[OTHERS]
    label = page.opts.label_lower
    client = logged_in(bound(MINE))
    if page.only_superusers or page not in BOUND:
        answer = client.get(address(page))
        assert answer.status_code == 403 or not answer.context["cl"].result_count
        return
    answer = client.get(address(page))
    found = answer.context["cl"].result_list
    assert mine[label] in found
    assert others[label] not in found
    assert OTHERS not in answer.content.decode(), "a filter's choice, or a link"


@PAGES
def test_row_of_ones_own_domain_is_opened(page: DomainAdmin, scene: Scene) -> None:
    row = scene[MINE][page.opts.label_lower]
    client = logged_in(bound(MINE))
    for what in ("change", "history"):
        answer = client.get(address(page, what, row.pk))
        if page.only_superusers or page not in BOUND:
            assert answer.status_code in (302, 403)
        else:
            assert answer.status_code == 200


@PAGES
def test_row_of_another_domain_is_at_no_address(page: DomainAdmin, scene: Scene) -> None:
    others = scene[OTHERS]
    row: Any = others[page.opts.label_lower]
    before = type(row).objects.filter(pk=row.pk).values().get()
    client = logged_in(bound(MINE))
    for pattern in page.urls:
        place = str(pattern.pattern)
        if "<" not in place or place == "<path:object_id>/":
            continue
        url = address(page) + place.replace("<path:object_id>", str(row.pk))
        url = url.replace("<id>", str(row.pk))
        posted = {"post": "yes", "title": "Taken", "domain": MINE}
        for answer in (client.get(url), client.post(url, posted)):
            assert answer.status_code in (302, 403, 404), url
            assert shows(answer, row) is False, url
    for verb in (*page.verbs, page.deletion()):
        for more in ({}, {"post": "yes", "reason": "x", "press": "1" * 32}):
            answer = press(client, page, verb.name, row.pk, **more)
            assert answer.status_code in (302, 403)
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@PAGES
def test_staff_without_a_domain_sees_nothing_and_adds_nothing(page: DomainAdmin) -> None:
    client = logged_in(bound())
    answer = client.get(address(page))
    assert answer.status_code == 403 or not answer.context["cl"].result_count
    assert MINE not in answer.content.decode()
    assert client.get(address(page, "add")).status_code == 403


@PAGES
def test_superuser_sees_all(page: DomainAdmin, scene: Scene) -> None:
    rows = {scene[domain][page.opts.label_lower] for domain in (MINE, OTHERS)}
    assert rows <= set(looked(page, User.objects.create_superuser("olivia")))


@PAGES
def test_who_may_reach_every_domain_sees_what_belongs_to_none(
    page: DomainAdmin, scene: Scene
) -> None:
    row = scene[MINE][page.opts.label_lower]
    account = given(user("olga", group="operator"), "reach_every_domain")
    assert (row in looked(page, account)) is not page.only_superusers


@PAGES
def test_choices_of_a_relation_are_of_ones_own_domains(page: DomainAdmin) -> None:
    """The look-up that Django's forms use to complete a name, over every relation there is."""
    client = logged_in(bound(MINE))
    for relation in page.opts.get_fields():
        if not (relation.concrete and relation.remote_field):
            continue
        asked: dict[str, Any] = {
            "app_label": page.opts.app_label,
            "model_name": page.opts.model_name,
            "field_name": relation.name,
        }
        for term in ("", OTHERS, "gym"):
            answer = client.get(reverse("admin:autocomplete"), {**asked, "term": term})
            assert answer.status_code in (200, 403, 404)
            assert OTHERS not in answer.content.decode()


TITLED = {"title": "New", "language": "en-us"}
FORMS: dict[str, dict[str, str]] = {
    "host.talker": {"key": "new", "title": "New", "source": "💬 T:\n- INFO: Hi\n"},
    "host.form": {**TITLED, "key": "new", "steps": '[{"Schema": "a/B"}]'},
    "host.manifest": {**TITLED, "sections": "{}"},
    "host.schema": {"version": "9.0", "title": "New", "inherits": "[]", "format": "{}"},
    "host.title": {"language": "xx", "title": "New"},
    "host.trust": {**TITLED, "action": "GRANT", "roles": "[]", "queries": "[]", "domains": "[]"},
    "scripts.itemset": {"source": LOANS, "scripts": ""},
    "broker.notifier": {"name": "new.test", "state": "ACTIVE"},
    "wallets.notifierbroker": {"broker": "new.test"},
}


def test_every_form_is_tried_below() -> None:
    assert {page.opts.label_lower for page in EDITED} == set(FORMS)


def filled(page: DomainAdmin, domain: str) -> dict[str, str]:
    value = f"{domain}/NEW" if page.domain_of_code else domain
    return {**FORMS[page.opts.label_lower], page.domain_path: value}


@pytest.mark.parametrize("page", EDITED, ids=lambda page: page.opts.label)
def test_row_is_given_to_no_domain_of_another_nor_to_one_not_hosted(
    page: DomainAdmin, scene: Scene
) -> None:
    mine = scene[MINE]
    own: Any = mine[page.opts.label_lower]
    everything = type(own).objects.count()
    client = logged_in(bound(MINE))
    assert OTHERS not in client.get(address(page, "add")).content.decode()
    for url in (address(page, "add"), address(page, "change", own.pk)):
        for domain in (OTHERS, "nobody.test", "", f" {OTHERS.upper()} "):
            answer = client.post(url, filled(page, domain))
            assert answer.status_code == 200, domain
            assert answer.context["errors"], domain
    assert type(own).objects.count() == everything
    assert client.post(address(page, "change", own.pk), filled(page, MINE)).status_code == 302


@pytest.mark.parametrize("page", EDITED, ids=lambda page: page.opts.label)
def test_superuser_gives_no_row_to_a_domain_that_is_not_hosted(page: DomainAdmin) -> None:
    client = logged_in(User.objects.create_superuser("olivia"))
    if not page.domain_of_code:  # of codes of others there are titles too
        answer = client.post(address(page, "add"), filled(page, "nobody.test"))
        assert "This domain is not hosted here" in answer.content.decode()


def test_author_writes_in_his_own_domain() -> None:
    client = logged_in(user("anna", group="author", domains=(MINE,)))
    for page in EDITED:
        if page.opts.app_label in ("host", "scripts") and page.opts.model_name != "manifest":
            more = {"source": LOANS.replace("Seats", "Rows")} if page.model is ItemSet else {}
            answer = client.post(address(page, "add"), {**filled(page, MINE), **more})
            assert answer.status_code == 302, (page, answer.context["errors"])
    assert Talker.objects.get(key="new").domain == MINE
    assert Form.objects.get(key="new").domain == MINE
    assert Title.objects.get(language="xx").code == Schema.objects.get(version="9.0").code
    assert ItemSet.objects.get(name="Theatre.Rows").domain == MINE


def test_filter_by_dataset_offers_only_ones_own(scene: Scene) -> None:
    others = scene[OTHERS]
    [page] = [page for page in pages() if page.model is Item]
    client = logged_in(bound(MINE))
    assert "Seats.gym.test" not in client.get(address(page)).content.decode()
    taken = client.get(address(page), {"set__id__exact": others["scripts.itemset"].pk})
    assert others["scripts.item"] not in taken.context["cl"].result_list


def test_version_that_another_domain_runs_too_is_withdrawn_by_neither(scene: Scene) -> None:
    mine, others = scene[MINE], scene[OTHERS]
    version = mine["scripts.scriptversion"]
    [page] = [page for page in pages() if page.model is ScriptVersion]
    client = logged_in(user("olga", group="operator", domains=(MINE,)))
    assert shown(client, page) == [version]
    Run.objects.filter(pk=others["scripts.run"].pk).update(version=version)
    assert shown(client, page) == []
    assert press(client, page, "withdraw", version.pk).status_code == 302
    assert ScriptVersion.objects.get(pk=version.pk).withdrawn_at is None
    Run.objects.filter(pk=others["scripts.run"].pk).update(domain=MINE)
    do(client, page, "withdraw", version.pk)
    assert ScriptVersion.objects.get(pk=version.pk).withdrawn_at is not None


def test_domains_are_given_on_the_users_page_by_superusers_only() -> None:
    anna = user("anna", group="author")
    form = {
        "username": "anna",
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": "2026-03-02",
        "date_joined_1": "09:00:00",
        "domains-TOTAL_FORMS": "1",
        "domains-INITIAL_FORMS": "0",
        "domains-0-domain": MINE,
        "domains-0-user": str(anna.pk),
    }
    url = reverse("admin:auth_user_change", args=[anna.pk])
    anna.user_permissions.set(Permission.objects.all())  # and yet no superuser
    assert logged_in(User.objects.get(pk=anna.pk)).post(url, form).status_code in (302, 403)
    assert not anna.domains.exists()
    answer = logged_in(User.objects.create_superuser("olivia")).post(url, form)
    assert answer.status_code == 302, answer.context["errors"]
    assert [each.domain_id for each in anna.domains.all()] == [MINE]


def test_nobody_makes_himself_a_superuser() -> None:
    anna = bound(MINE)
    anna.user_permissions.set(Permission.objects.all())
    client = logged_in(User.objects.get(pk=anna.pk))
    for name in ("user", "group"):
        assert client.get(reverse(f"admin:auth_{name}_changelist")).status_code == 403
        assert client.get(reverse(f"admin:auth_{name}_add")).status_code == 403
