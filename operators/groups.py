"""The three groups that are shipped, and what each may do; kept so at every migration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models import Model, Q
from django.db.models.signals import post_migrate

from operators.reach import EVERY

VIEWER, OPERATOR, AUTHOR = NAMES = ("viewer", "operator", "author")
# Accounts and their domains are the superusers'.
NOT_FOR_GROUPS = {"auth", "admin", "contenttypes", "sessions"}
# What an author writes, and what he sees of its running. All in his own domains.
WRITES = (
    "host.talker",
    "host.form",
    "host.manifest",
    "host.schema",
    "host.title",
    "host.trust",
    "scripts.itemset",
)
OF_SUPERUSERS = ("operators.loginplace", "operators.logintries", "operators.userdomain")
SEES = (
    *WRITES,
    "host.registered",
    "host.talkerfile",
    "operators.act",
    "scripts.hook",
    "scripts.item",
    "scripts.itemhistory",
    "scripts.quarantine",
    "scripts.ready",
    "scripts.run",
    "scripts.runevent",
    "scripts.scriptversion",
    "scripts.signal",
    "scripts.timer",
)


def verbs_of(model: type[Model]) -> list[str]:
    """Return the names of the permissions of a model's own verbs."""
    named = [str(codename) for codename, _ in model._meta.permissions]
    return [name for name in named if f"{model._meta.app_label}.{name}" != EVERY]


def permissions_of(group: str, model: type[Model]) -> set[str]:
    """Return the names of the permissions that a shipped group has on a model."""
    name, label = str(model._meta.model_name), model._meta.label_lower
    view = {f"view_{name}"}
    if group == AUTHOR:
        edit = {f"{verb}_{name}" for verb in ("add", "change", "delete")}
        return (view if label in SEES else set()) | (edit if label in WRITES else set())
    if label in OF_SUPERUSERS:
        return set()
    return view | (set(verbs_of(model)) if group == OPERATOR else set())


def keep(app_config: AppConfig, using: str = "default", apps: Any = installed, **_: Any) -> None:
    """Give the shipped groups exactly their permissions on the models of an app.

    Runs after Django has made the permissions of this app, in every migration, so that a fresh
    database and an upgraded one end alike.
    """
    if app_config.label in NOT_FOR_GROUPS:
        return
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return
    for group in groups.objects.using(using).filter(name__in=NAMES):
        wanted = Q(pk=None)
        for model in app_config.get_models():
            names = permissions_of(group.name, model)
            wanted |= Q(content_type__model=model._meta.model_name, codename__in=names)
        of_app = permissions.objects.using(using).filter(content_type__app_label=app_config.label)
        group.permissions.remove(*of_app.exclude(wanted))
        group.permissions.add(*of_app.filter(wanted))


def connect() -> None:
    post_migrate.connect(keep, dispatch_uid="operators.groups")
