"""The three groups are made by a migration and may do what the table says, after an upgrade too."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models.signals import post_migrate

from operators import groups
from operators.reach import EVERY
from tests.operators.scenery import pages

pytestmark = pytest.mark.django_db
OURS = ("messaging", "scripts", "host", "issuer", "broker", "wallets", "operators")
step: Any = import_module("operators.migrations.0002_groups")


def names(group: str) -> set[str]:
    found = Permission.objects.filter(group__name=group).select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in found}


def wanted(group: str) -> set[str]:
    return {
        f"{label}.{codename}"
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for codename in groups.permissions_of(group, model)
    }


def of_verbs() -> set[str]:
    return {verb.permission for page in pages() for verb in page.verbs}


def migrated() -> None:
    """Do what `migrate` does at its end."""
    for config in apps.get_app_configs():
        post_migrate.send(
            sender=config,
            app_config=config,
            verbosity=0,
            interactive=False,
            using="default",
            apps=apps,
            plan=[],
        )


def test_fresh_database_has_the_three_groups() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {"viewer", "operator", "author"}
    for group in groups.NAMES:
        assert names(group) == wanted(group)
        assert names(group)


def test_viewer_views_every_page_and_has_nothing_else() -> None:
    assert {each.partition(".")[2].partition("_")[0] for each in names("viewer")} == {"view"}
    seen = {page.opts.label_lower for page in pages() if not page.only_superusers}
    assert {each.replace("view_", "") for each in names("viewer")} == seen


def test_operator_has_every_verb_beside_and_nobody_gets_all_domains() -> None:
    assert names("operator") >= names("viewer") | of_verbs()
    own = names("operator") - names("viewer")
    assert not {each for each in own if each.partition(".")[2].split("_")[0] in ("add", "change")}
    for group in groups.NAMES:
        assert not {each for each in names(group) if "userdomain" in each or each == EVERY}
        assert not {each for each in names(group) if each.startswith(("auth.", "sessions."))}


def test_author_writes_what_the_table_says_and_has_no_verb() -> None:
    assert not names("author") & of_verbs()
    edits = {each for each in names("author") if ".view_" not in each}
    assert edits == {
        f"{label.replace('.', f'.{verb}_')}"
        for label in groups.WRITES
        for verb in ("add", "change", "delete")
    }


def test_upgraded_database_ends_as_a_fresh_one() -> None:
    """Groups of these names that were there keep their members and permissions, under other names;
    permissions that are lost or new are set right by the next migration."""
    Group.objects.all().delete()
    old = Group.objects.create(name="operator")
    old.permissions.add(
        Permission.objects.get(codename="view_token", content_type__app_label="issuer")
    )
    member = User.objects.create_user("olga", is_staff=True)
    member.groups.add(old)
    Permission.objects.filter(codename="revoke_token").delete()
    step.make(apps, connection.schema_editor())
    assert names("operator") == set()
    migrated()
    assert names("operator (own)") == {"issuer.view_token"}
    assert list(member.groups.values_list("name", flat=True)) == ["operator (own)"]
    for group in groups.NAMES:
        assert names(group) == wanted(group)
    Group.objects.get(name="viewer").permissions.add(Permission.objects.get(codename="cancel_run"))
    migrated()
    assert names("viewer") == wanted("viewer")


def test_migration_can_be_taken_back() -> None:
    step.unmake(apps, connection.schema_editor())
    assert not Group.objects.exists()
    step.make(apps, connection.schema_editor())
    assert Group.objects.count() == 3


def test_site_has_no_action_of_its_own() -> None:
    assert [name for name, _ in admin.site.actions] == []
