"""Which domains a user may reach, and which rows are theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Model, Q, QuerySet

from operators.models import UserDomain

EVERY = "operators.reach_every_domain"
# What belongs to no domain is for those who reach all of them.
NO_DOMAIN = ""


def domains_of(user: Any) -> frozenset[str] | None:
    """Return the names of the domains that a user may reach; None for every one, and the rest.

    Asked once for each user object, which lives as long as its request.
    """
    if user.has_perm(EVERY):
        return None
    if not hasattr(user, "_reached"):
        own = UserDomain.objects.filter(user_id=user.pk).values_list("domain_id", flat=True)
        user._reached = frozenset(own)
    names: frozenset[str] = user._reached
    return names


def hosted() -> list[str]:
    """Return the names of all domains hosted here."""
    domains: Any = UserDomain._meta.get_field("domain").related_model
    return list(domains.objects.order_by("pk").values_list("pk", flat=True))


def within(
    rows: QuerySet[Any], path: str, names: Collection[str], *, of_code: bool
) -> QuerySet[Any]:
    """Return those rows whose `path` leads to one of the domains.

    With `of_code` it leads to a code, such as `theatre.test/SEAT:1.0`, which begins with a domain.
    """
    if path == NO_DOMAIN:
        return rows.none()
    own = Q(**{f"{path}__in": names})
    if of_code:
        for name in names:
            own |= Q(**{f"{path}__startswith": f"{name}/"})
    return rows.filter(own)


def domain_of(row: Model, path: str, *, of_code: bool) -> str:
    """Return the domain that a row belongs to; empty for none."""
    if path == NO_DOMAIN:
        return ""
    found: Any = row
    for step in path.split("__"):
        found = getattr(found, step, None)
    name = str(found.pk if isinstance(found, Model) else found or "")
    return name.partition("/")[0] if of_code else name
