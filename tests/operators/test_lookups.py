"""Secrets are not searchable: a list answers by named fields only, and anything odd with a 400."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import BinaryField, CharField, TextField
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from messaging.models import DomainKey
from operators import checks, lookups
from operators.pages import DomainAdmin
from operators.secrets import SECRETS, SUSPICIOUS
from tests.operators.scenery import address, logged_in, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scene")]
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: page.opts.label)
ENDS = (
    *("exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith"),
    *("regex", "iregex", "in", "gt", "gte", "lt", "lte", "range", "isnull", "search", "year"),
)
# How many odd values each look-up of each page is tried with here. All of them take ten minutes.
THOROUGH = int(os.environ.get("THOROUGH", "0"))
ODD = (
    "",
    "\0",
    "a\0b",
    "x" * 600,
    "9" * 500,
    "-" + "9" * 30,
    "9" * 5000,
    "nan",
    "1e999",
    "maybe",
    "None",
    "not-a-uuid",
    "2026-13-45",
    "2026-02-30T25:61:00Z",
    "0000-00-00",
    "99999-01-01",
    "'; DROP TABLE x; --",
    "%",
    "\\",
    "(((((",
    "[",
    '"',
    "\ud7ff",
    "\u202e",
    "😀" * 50,
    "{}",
    "١٢٣",
)


@pytest.fixture
def operator() -> Client:
    return logged_in(User.objects.create_superuser("olivia"))


def columns(page: DomainAdmin, deep: int = 2) -> list[str]:
    """Return the names of all columns that a look-up can reach from a page's model."""
    found: list[str] = []

    def walk(model: Any, before: str, left: int) -> None:
        for field in model._meta.get_fields():
            name = before + field.name
            if field.concrete:
                found.append(name)
            if field.is_relation and field.related_model and left:
                walk(field.related_model, f"{name}__", left - 1)

    walk(page.model, "", deep)
    return found


@PAGES
def test_only_named_fields_are_looked_up(page: DomainAdmin, operator: Client) -> None:
    """Every column within two relations, with every look-up of Django: only those of the page's
    own filters are answered, and none of them by a pattern."""
    named = lookups.allowed(page.list_filter, page.date_hierarchy)
    assert not {
        each for each in named if each.endswith(("regex", "contains", "startswith", "__in"))
    }
    asked = {
        name for column in columns(page) for name in (column, *(f"{column}__{e}" for e in ENDS))
    }
    refused = sorted(asked - named)
    request: Any = operator.get(address(page)).wsgi_request
    assert [name for name in refused if page.lookup_allowed(name, "1", request)] == []
    for name in random.Random(page.opts.label).sample(refused, 3):
        answer = operator.get(address(page), {name: "^a"})
        assert answer.status_code == 400, name
        assert "This cannot be looked up" in answer.content.decode()


@pytest.mark.parametrize(
    ("place", "query"),
    [
        ("messaging_domainkey", "private_key__regex=^k1"),
        ("messaging_domainkey", "private_key__startswith=k"),
        ("messaging_domainkey", "private_key="),
        ("messaging_domainkey", "private_key__isnull=True"),
        ("messaging_domainkey", "public_key__regex=^a"),
        ("messaging_domainkey", "_to_field=private_key"),
        ("messaging_hosteddomain", "keys__private_key__regex=^k1"),
        ("operators_userdomain", "user__password__startswith=pbkdf2"),
        ("auth_user", "password__startswith=pbkdf2"),
        ("auth_user", "logentry__change_message__regex=."),
        ("wallets_subscription", "endpoint__regex=^https"),
        ("wallets_registration", "subscriptions__endpoint__startswith=https"),
        ("wallets_notification", "registration__subscriptions__endpoint__contains=a"),
    ],
)
def test_secret_is_read_by_no_look_up(place: str, query: str, operator: Client) -> None:
    url = f"{reverse(f'admin:{place}_changelist')}?{query}"
    assert operator.get(url).status_code == 400


@PAGES
def test_secrets_are_on_no_page(page: DomainAdmin, operator: Client) -> None:
    row: Any = page.model._base_manager.first()
    secrets: list[str] = []
    for label, names in SECRETS.items():
        for each in apps.get_model(label)._base_manager.all():
            secrets += [str(getattr(each, name)) for name in names if getattr(each, name)]
    assert len(secrets) >= 3
    for url in (address(page), address(page, "change", row.pk), address(page, "history", row.pk)):
        text = operator.get(url, follow=True).content.decode()
        assert [secret for secret in secrets if secret in text] == []


def test_columns_called_like_secrets_are_in_the_table() -> None:
    """A new one is either secret, or named here with what it is."""
    harmless = {
        "auth.permission.codename",
    }
    found = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, (CharField, TextField, BinaryField)) and SUSPICIOUS.search(field.name)
    }
    table = {f"{label}.{name}" for label, names in SECRETS.items() for name in names}
    assert found - table - harmless == set()
    for label, names in SECRETS.items():
        for name in names:
            apps.get_model(label)._meta.get_field(name)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("list_display", ("selector", "private_key")),
        ("list_filter", ("private_key",)),
        ("search_fields", ("=private_key",)),
        ("ordering", ("-private_key",)),
        ("fields", ("private_key",)),
        ("readonly_fields", ("private_key",)),
        ("fieldsets", ((None, {"fields": ("private_key",)}),)),
    ],
)
def test_page_that_names_a_secret_does_not_start(
    attribute: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [page] = [page for page in pages() if page.model is DomainKey]
    monkeypatch.setattr(type(page), attribute, value)
    assert "messaging.DomainKey: private_key is secret" in checks.faults(page.admin_site)


def test_a_relation_to_a_secret_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    [page] = [page for page in pages() if page.opts.label == "messaging.HostedDomain"]
    monkeypatch.setattr(type(page), "search_fields", ("keys__private_key",))
    assert "messaging.HostedDomain: keys__private_key is secret" in checks.faults(page.admin_site)


def listed(page: DomainAdmin, user: User, asked: dict[str, str]) -> int:
    """Answer as the list does to this address, all but its page; return the status."""

    def rows(request: Any) -> HttpResponse:
        found = page.get_changelist_instance(request)
        for each in (found.result_list, *(spec.choices(found) for spec in found.filter_specs)):
            list(each)
        return HttpResponse()

    request = RequestFactory().get(address(page), asked)
    request.user = user
    return int(page.admin_site.admin_view(rows)(request).status_code)


@PAGES
def test_odd_value_is_refused_and_never_a_fault(page: DomainAdmin, operator: Client) -> None:
    """Every look-up that the page takes, its search, order and pages, with odd values by chance."""
    names = sorted(lookups.allowed(page.list_filter, page.date_hierarchy))
    names += ["q", "o", "p", "all", "e", "_popup", "_to_field", "_facets", "_changelist_filters"]
    chance = random.Random(page.opts.label)
    drawn = set(chance.sample(names, 3))  # these with all that is around a list, and its page
    user = User.objects.get(username="olivia")
    for name in names:
        for value in chance.sample(ODD, THOROUGH or 1):
            asked = {name: value}
            if THOROUGH or name in drawn:
                status = operator.get(address(page), asked).status_code
            else:
                status = listed(page, user, asked)
            assert status in (200, 400), (name, value)
            assert status == 400 or "\0" not in value, (name, value)


@PAGES
def test_odd_value_of_a_filter_says_400(page: DomainAdmin, operator: Client) -> None:
    """What cannot be a value of the field is said to be so, not taken for another."""
    for name in lookups.names(page.list_filter)[:1]:
        for value in ("maybe", "9" * 600):
            assert operator.get(address(page), {f"{name}__isnull": value}).status_code == 400
    if page.date_hierarchy:
        for value in ("x", "0", "99999", "-1", "9" * 500, "١"):
            asked = {f"{page.date_hierarchy}__year": value}
            assert operator.get(address(page), asked).status_code == 400, value
        for value in ("x", "2026-13-01", "9" * 500):
            asked = {f"{page.date_hierarchy}__gte": value}
            assert operator.get(address(page), asked).status_code == 400, value


@PAGES
def test_odd_key_of_a_row_is_never_a_fault(page: DomainAdmin, operator: Client) -> None:
    chance = random.Random(page.opts.label)
    for value in ("_00", "9" * 500, *chance.sample(ODD[3:], THOROUGH or 1)):
        for what in ("change", "history", "delete") if THOROUGH else ("change",):
            url = address(page, what, value)
            for answer in (operator.get(url), operator.post(url, {"post": "yes"})):
                assert answer.status_code in (302, 400, 403), (what, value)
        data = {"action": "delete_selected", "_selected_action": [value], "index": value}
        assert operator.post(address(page), data).status_code in (200, 302, 400, 403), value


def test_odd_input_beside_the_pages_is_never_a_fault(operator: Client) -> None:
    asked = {"app_label": "scripts", "model_name": "hook", "field_name": "run", "term": "x"}
    for name in asked:
        for value in ODD:
            answer = operator.get(reverse("admin:autocomplete"), {**asked, name: value})
            assert answer.status_code in (200, 400, 403, 404), (name, value)
    for url in ("/ops/r/1/abc/", "/ops/r/" + "9" * 30 + "/1/", "/ops/x/", "/ops/scripts/x/"):
        assert operator.get(url).status_code == 404
    user = User.objects.get(username="olivia")
    for value in ("abc", "9" * 500, "_00"):
        url = reverse("admin:auth_user_password_change", args=[user.pk]).replace(
            str(user.pk), value
        )
        assert operator.get(url).status_code in (302, 400, 404), value
