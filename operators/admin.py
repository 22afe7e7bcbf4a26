"""Accounts, groups and domains of users for superusers; what operators did, for operators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from operators.models import Act, LoginPlace, LoginTries, UserDomain
from operators.pages import DomainAdmin, ReadOnlyAdmin
from operators.reach import NO_DOMAIN

admin.site.unregister([User, Group])


class UserDomainInline(admin.TabularInline):  # type: ignore[type-arg]
    """The domains that a user may reach."""

    model = UserDomain
    extra = 0
    verbose_name = "domain"


@admin.register(User)
class AccountAdmin(DomainAdmin, UserAdmin):  # type: ignore[type-arg]
    domain_path = NO_DOMAIN
    only_superusers = True
    inlines = (UserDomainInline,)
    form = UserChangeForm  # Django's own: it shows of a password only how it is hashed
    custom_views = {"auth_user_password_change": "auth.change_user"}

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        return UserAdmin.get_fields(self, request, obj)


@admin.register(Group)
class AccountGroupAdmin(DomainAdmin, GroupAdmin):
    domain_path = NO_DOMAIN
    only_superusers = True


@admin.register(UserDomain)
class UserDomainAdmin(ReadOnlyAdmin):
    """To look at; given and taken on the user's page."""

    domain_path = NO_DOMAIN
    only_superusers = True
    list_display = ("user", "domain")
    list_filter = ("domain",)
    list_select_related = ("user", "domain")


@admin.register(Act)
class ActAdmin(ReadOnlyAdmin):
    domain_path = "domain"
    list_display = ("at", "by", "verb", "object", "reason", "outcome")
    list_filter = ("verb", "domain")
    search_fields = ("=object_id", "=press", "by", "reason", "object")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")


@admin.register(LoginTries)
class LoginTriesAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    only_superusers = True
    list_display = ("share", "count", "at")
    ordering = ("-at",)


@admin.register(LoginPlace)
class LoginPlaceAdmin(ReadOnlyAdmin):
    domain_path = NO_DOMAIN
    only_superusers = True
    list_display = ("pair", "at")
    ordering = ("-at",)
