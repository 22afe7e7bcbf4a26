"""The base of every page at `/ops/`: whose rows they are, what may be asked, what may be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from operators import acts, deletion, lookups, reach
from operators.acts import Doer, Subject
from operators.fields import REASON, CodeField, HostedField, ReasonedForm
from operators.models import Act
from operators.reach import NO_DOMAIN
from operators.secrets import secrets_of
from operators.verbs import CONFIRMED, Verb, ask_or_do

# What Django serves for every model; all else needs a permission of its own.
STANDARD_VIEWS = ("changelist", "add", "history", "delete", "change")


class DomainAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page of rows that belong to domains. Whoever does not reach a row's domain finds nothing.

    `domain_path` leads from a row to its domain, or is NO_DOMAIN: then only those see it who reach
    every domain. With `domain_of_code` it leads to a code that begins with a domain.
    """

    form: Any = ReasonedForm
    domain_path: str
    domain_of_code = False
    only_superusers = False
    verbs: tuple[Verb, ...] = ()
    # Further addresses of a page -> the permission that each takes.
    custom_views: dict[str, str] = {}
    show_full_result_count = False
    object_history_template = "operators/history.html"

    # -- whose rows --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        names = reach.domains_of(request.user)
        if self.only_superusers and not request.user.is_superuser:
            return rows.none()
        return rows if names is None else self.within(rows, names)

    def within(self, rows: QuerySet[Any], names: frozenset[str]) -> QuerySet[Any]:
        """Return those rows that belong to these domains."""
        return reach.within(rows, self.domain_path, names, of_code=self.domain_of_code)

    def reaches(self, request: HttpRequest, row: Model | None = None) -> bool:
        """Say whether the user reaches this row; without one, whether he can reach any."""
        names = reach.domains_of(request.user)
        if self.only_superusers and not request.user.is_superuser:
            return False
        if names is None:
            return True
        if self.domain_path == NO_DOMAIN or row is None:
            return bool(names) and self.domain_path != NO_DOMAIN
        own = reach.domain_of(row, self.domain_path, of_code=self.domain_of_code)
        return own in names

    def subject(self, row: Model) -> Subject:
        """Return how a row is named in the record."""
        own = reach.domain_of(row, self.domain_path, of_code=self.domain_of_code)
        return Subject(row._meta.label_lower, str(row.pk), str(row), own)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_permission(request, obj) and self.reaches(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and self.reaches(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and self.reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self.reaches(request, obj)

    def get_ordering(self, request: HttpRequest) -> Any:
        """The newest first, where a page says nothing: without an order pages would overlap."""
        return super().get_ordering(request) or ("-pk",)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        lookups.check_keys(self.opts.pk, [object_id])
        return super().get_object(request, object_id, from_field)

    # -- what a form offers and takes --------------------------------------------------------

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """A row can only be given to a domain that is hosted here and that the user reaches."""
        if db_field.name != self.domain_path or db_field.primary_key:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        names = reach.domains_of(request.user)
        if not self.domain_of_code:
            return HostedField(names, help_text=db_field.help_text)
        return CodeField(names, max_length=db_field.max_length, help_text=db_field.help_text)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        page = self.admin_site._registry.get(db_field.remote_field.model)
        if page is not None:
            kwargs.setdefault("queryset", page.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        left_out = set(secrets_of(self.model))
        if obj is not None and not self.has_change_permission(request, obj):
            left_out.add(REASON)  # who only looks says nothing
        return [name for name in super().get_fields(request, obj) if name not in left_out]

    # -- what may be asked of a list ---------------------------------------------------------

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        if lookup not in lookups.allowed(self.get_list_filter(request), self.date_hierarchy):
            return False
        lookups.check_value(lookup, value)
        return True

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return bool(to_field == self.opts.pk.name)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise lookups.BadLookup(str(error)) from error

    # -- what may be done --------------------------------------------------------------------

    def get_verbs(self, request: HttpRequest) -> list[Verb]:
        """Return the verbs that this user may use here."""
        allowed = [verb for verb in self.verbs if request.user.has_perm(verb.permission)]
        if self.has_delete_permission(request):
            allowed.append(self.deletion())
        return allowed if self.reaches(request) else []

    def deletion(self) -> Verb:
        """Return the verb that deletes rows of this page."""
        return Verb(
            name="delete_selected",
            permission=f"{self.opts.app_label}.delete_{self.opts.model_name}",
            label="Delete",
            effect=("It is deleted for good.", "They are deleted for good."),
            done=("is deleted", "are deleted"),
            does=deletion.delete,
            left=deletion.needed_by,
            also=deletion.what_goes_along,
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask and do what the list's verb does, to one row."""
        row = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        changelist = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        if row is None:
            return redirect(changelist)
        only = self.get_queryset(request).filter(pk=row.pk)
        back = reverse(changelist.replace("changelist", "change"), args=[row.pk])
        return ask_or_do(self, request, self.deletion(), only, back=back) or redirect(changelist)

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:  # type: ignore[override]
        if "_popup" in request.GET:
            return {}
        return {
            verb.name: (partial(_act, verb=verb), verb.name, verb.label)
            for verb in self.get_verbs(request)
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, or do what is pressed there: a verb of somebody else's is said to be."""
        pressed = set(request.POST.getlist("action"))
        known = {verb.name for verb in (*self.verbs, self.deletion())}
        if pressed & known - set(self.get_actions(request)):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any) -> Any:
        lookups.check_keys(self.opts.pk, request.POST.getlist(ACTION_CHECKBOX_NAME))
        return super().response_action(request, queryset, *args)

    @property
    def urls(self) -> list[Any]:
        """The addresses of this page; one beyond Django's is for who has its permission."""
        found = self.get_urls()
        for pattern in found:
            name = str(pattern.name or "").removeprefix(
                f"{self.opts.app_label}_{self.opts.model_name}_"
            )
            if pattern.name and name not in STANDARD_VIEWS:
                pattern.callback = self._gate(pattern.callback, self.custom_views[pattern.name])
        return found

    def _gate(self, view: Callable[..., Any], permission: str) -> Callable[..., Any]:
        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not (request.user.has_perm(permission) and self.reaches(request)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return gated

    # -- what has been done ------------------------------------------------------------------

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Django asks for it just before it records a save: the form has the reason of it."""
        setattr(request, REASON, form.cleaned_data.get(REASON, ""))
        return super().construct_change_message(request, form, formsets, add)

    def _record(self, request: HttpRequest, verb: str, row: Model, outcome: str) -> None:
        permission = f"{self.opts.app_label}.{verb}_{self.opts.model_name}"
        doer = Doer(request.user.get_username(), getattr(request, REASON, ""))
        acts.record(doer, permission, self.subject(row), outcome)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        entry = super().log_addition(request, obj, message)
        self._record(request, "add", obj, entry.get_change_message())
        return entry

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        entry = super().log_change(request, obj, message)
        self._record(request, "change", obj, entry.get_change_message())
        return entry

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        lookups.check_keys(self.opts.pk, [object_id])
        key = str(self.opts.pk.to_python(object_id))
        done = Act.objects.filter(model=self.opts.label_lower, object_id=key)
        context = {**(extra_context or {}), "acts": done.order_by("-at")[:100]}
        return super().history_view(request, object_id, context)


def _act(page: DomainAdmin, request: HttpRequest, rows: QuerySet[Any], *, verb: Verb) -> Any:
    """Ask about what is selected, or do it to what was confirmed: never more than was named."""
    if CONFIRMED in request.POST:
        named = request.POST.getlist(ACTION_CHECKBOX_NAME)
        rows = page.get_queryset(request).filter(pk__in=named)
    return ask_or_do(page, request, verb, rows)


class ReadOnlyAdmin(DomainAdmin):
    """Rows that only services may change."""

    form = forms.ModelForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def search_link(model: str, words: object, shown: str) -> SafeString:
    """Return a link to the list of `model` (app_model), searched for `words`."""
    url = reverse(f"admin:{model}_changelist")
    return format_html('<a href="{}?q={}">{}</a>', url, words, shown)


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows shown with what they belong to, and so of the same domain."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        secret = secrets_of(self.model)
        return [name for name in super().get_fields(request, obj) if name not in secret]
