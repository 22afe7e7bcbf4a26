"""What may be asked of a list by its address: named fields, by their value, and nothing odd."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import FieldListFilter, RelatedFieldListFilter
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db.models import Field
from django.http import HttpRequest

LONGEST = 500  # characters of one value: the longest key of a row, and some
LONGEST_VALUE = 4000  # of any: `_changelist_filters` holds a whole query
LONGEST_SEARCH = 200
MOST_WORDS = 10  # each is looked for in every search field
# As Django's own filters ask. No pattern, no prefix, no comparison but of dates.
BY_VALUE = ("", "__exact", "__isnull", "__isempty")
BY_DATE = ("__gte", "__lt", "__year", "__month", "__day")
BOOLEANS = {"True", "False", "true", "false", "1", "0"}


class BadLookup(SuspiciousOperation):
    """An address asks something of a list that it does not answer."""


def names(filters: Iterable[Any]) -> list[str]:
    """Return the fields that a list is filtered by."""
    return [each if isinstance(each, str) else each[0] for each in filters]


def allowed(filters: Iterable[Any], date_hierarchy: str | None) -> frozenset[str]:
    """Return every look-up that a list with these filters takes."""
    by_value = {name + end for name in names(filters) for end in (*BY_VALUE, "__id__exact")}
    dates = {name + end for name in names(filters) for end in BY_DATE[:2]}
    if date_hierarchy:
        dates |= {date_hierarchy + end for end in BY_DATE}
    return frozenset(by_value | dates)


def refuse_odd(request: HttpRequest) -> None:
    """Refuse what no page of ours asks: NUL, and what is longer than any key or search."""
    for name, values in request.GET.lists():
        for each in (name, *values):
            if "\0" in each or len(each) > LONGEST_VALUE:
                raise BadLookup("a name or value that no list takes")
    for words in (request.GET.get(SEARCH_VAR, ""), request.GET.get("term", "")):
        if len(words) > LONGEST_SEARCH or len(words.split()) > MOST_WORDS:
            raise BadLookup("too long a search")


def check_value(lookup: str, value: str) -> None:
    """Refuse a value that is none of its look-up."""
    end = lookup.rpartition("__")[2]
    if end in ("isnull", "isempty") and value not in BOOLEANS:
        raise BadLookup(f"{lookup} is true or false")
    if end in ("year", "month", "day") and not (value.isascii() and value.isdigit()):
        raise BadLookup(f"{lookup} is a number")
    if len(value) > LONGEST:
        raise BadLookup(f"{lookup} is too long")


def check_keys(key: Field, values: Iterable[str]) -> None:  # type: ignore[type-arg]
    """Refuse what cannot be the key of a row."""
    for value in values:
        try:
            key.run_validators(key.to_python(value))
        except (ValidationError, ValueError, OverflowError):
            raise BadLookup("this is no key of a row") from None
        if "\0" in value or len(value) > LONGEST:
            raise BadLookup("this is no key of a row")


class ReachedFilter(RelatedFieldListFilter):
    """Offers only rows that the user may see in their own list."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        page = model_admin.admin_site._registry.get(field.remote_field.model)
        if page is None:
            return []
        limit = {"pk__in": page.get_queryset(request).order_by().values("pk")}
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=limit)


def connect() -> None:
    """Make it the filter of every relation."""
    FieldListFilter.register(lambda field: field.remote_field, ReachedFilter, take_priority=True)
