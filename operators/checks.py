"""What a page at `/ops/` must say before it is served: whose rows, which verbs, no secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import (
    NotRelationField,
    flatten_fieldsets,
    get_fields_from_path,
)
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist

from operators import lookups
from operators.pages import STANDARD_VIEWS, DomainAdmin, ReadOnlyInline
from operators.reach import NO_DOMAIN
from operators.secrets import secrets_of


def permissions() -> set[str]:
    """Return every permission that is there: of Django's four, and of verbs."""
    found = set()
    for model in apps.get_models():
        label = model._meta.app_label
        for verb in model._meta.default_permissions:
            found.add(f"{label}.{verb}_{model._meta.model_name}")
        found |= {f"{label}.{codename}" for codename, _ in model._meta.permissions}
    return found


def faults(site: admin.AdminSite) -> list[str]:
    """Return what is wrong with the pages of a site, a sentence each."""
    found = [f"{name}: an action of the whole site asks nobody" for name, _ in site.actions]
    owners: dict[str, str] = {}
    for model, page in site._registry.items():
        if not isinstance(page, DomainAdmin):
            found.append(f"{model._meta.label}: its page is no operators.pages.DomainAdmin")
            continue
        each = [*_of_domain(page), *_of_verbs(page, owners), *_of_views(page), *_of_secrets(page)]
        found += [f"{model._meta.label}: {fault}" for fault in each]
    return found


def _of_domain(page: DomainAdmin) -> Iterator[str]:
    path = getattr(page, "domain_path", None)
    if path is None:
        yield "no domain_path says whose its rows are (NO_DOMAIN: of no domain)"
    elif path != NO_DOMAIN:
        try:
            get_fields_from_path(page.model, path)
        except (FieldDoesNotExist, NotRelationField):
            yield f"domain_path {path} leads nowhere"
    for inline in page.inlines:
        if not (issubclass(inline, ReadOnlyInline) or page.only_superusers):
            yield f"{inline.__name__} is no ReadOnlyInline"
    if page.list_editable:
        yield "a list changes nothing (list_editable)"


def _of_verbs(page: DomainAdmin, owners: dict[str, str]) -> Iterator[str]:
    known = permissions()
    if page.actions:
        yield f"{', '.join(map(str, page.actions))}: an action is a Verb, which asks and records"
    for verb in (*page.verbs, page.deletion()):
        if verb.permission not in known:
            yield f"{verb.name}: there is no permission {verb.permission}"
        if verb.permission.partition(".")[2].startswith(("view_", "add_", "change_")):
            yield f"{verb.name}: {verb.permission} is not its own"
        if owners.setdefault(verb.permission, verb.name) != verb.name:
            yield f"{verb.name}: {verb.permission} is that of {owners[verb.permission]}"


def _of_views(page: DomainAdmin) -> Iterator[str]:
    prefix = f"{page.opts.app_label}_{page.opts.model_name}_"
    for pattern in page.get_urls():
        name = str(pattern.name or "")
        if not name and str(pattern.pattern) == "<path:object_id>/":
            continue  # Django's old address of a row, led to the new one
        if name.removeprefix(prefix) in STANDARD_VIEWS:
            continue
        if page.custom_views.get(name) not in permissions():
            yield f"the address {pattern.pattern} takes no permission (custom_views)"


def _of_secrets(page: DomainAdmin) -> Iterator[str]:
    named: list[Any] = [*page.list_display, *lookups.names(page.list_filter)]
    named += [*page.readonly_fields, *(page.fields or ()), *(page.ordering or ())]
    named += [page.date_hierarchy, *page.search_fields]
    if not page.only_superusers:  # Django's own page of accounts shows how a password is hashed
        named += flatten_fieldsets(page.fieldsets or ())
    for name in named:
        if isinstance(name, str) and _leads_to_a_secret(page.model, name.strip("=^@-")):
            yield f"{name.strip('=^@-')} is secret"
    for inline in page.inlines:
        for name in (*(inline.fields or ()), *inline.readonly_fields):
            if isinstance(name, str) and _leads_to_a_secret(inline.model, name):
                yield f"{inline.__name__}: {name} is secret"


def _leads_to_a_secret(model: Any, path: str) -> bool:
    for step in path.split("__"):
        if step in secrets_of(model):
            return True
        try:
            model = model._meta.get_field(step).related_model or model
        except FieldDoesNotExist:
            return False
    return False


def check_pages(**_: Any) -> list[CheckMessage]:
    return [Error(fault, id="operators.E001") for fault in faults(admin.site)]


def connect() -> None:
    register(check_pages)
    lookups.connect()
