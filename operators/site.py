"""The site of `/ops/`: Django's admin, without what acts unasked; odd input gets an answer."""

from __future__ import annotations

from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from operators import logins, lookups

log = structlog.get_logger(__name__)


class LoginForm(AdminAuthenticationForm):
    """Tells who has been wrong too often that he has to wait; in all else the answer is one."""

    def get_invalid_login_error(self) -> ValidationError:
        if getattr(self.request, logins.WAITS, False):
            return ValidationError(_wait())
        return super().get_invalid_login_error()


def _wait() -> str:
    return f"Too many wrong passwords. Try again in {settings.LOGIN_WAIT_MINUTES} minutes."


class OperatorsSite(admin.AdminSite):
    site_header = site_title = "Countersign"
    index_title = "What happens here"
    login_form = LoginForm

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # pages have one that asks why

    def get_urls(self) -> list[Any]:
        """No row of ours has a page elsewhere to be viewed on."""
        return [each for each in super().get_urls() if getattr(each, "name", "") != "view_on_site"]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().login(request, extra_context)
        if getattr(request, logins.WAITS, False):
            answer.status_code = 429
            answer.headers["Retry-After"] = str(int(logins.wait().total_seconds()))
        return answer

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who has got hold of a session guesses its password here no faster than at the door."""
        if request.method != "POST":
            return super().password_change(request, extra_context)
        tries = logins.of_old_password(request.user.get_username())
        if not tries.take():
            answer = HttpResponse(_wait(), status=429, content_type="text/plain; charset=utf-8")
            answer.headers["Retry-After"] = str(int(logins.wait().total_seconds()))
            return answer
        answer = super().password_change(request, extra_context)
        form = (getattr(answer, "context_data", None) or {}).get("form")
        if form is None or "old_password" not in form.errors:
            tries.give_back()
        return answer

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                lookups.refuse_odd(request)
                answer = inner(request, *args, **kwargs)
                if isinstance(answer, TemplateResponse) and not answer.is_rendered:
                    answer.render()  # rows are read here: what they refuse is answered below
            except (SuspiciousOperation, DataError, OverflowError, ValidationError) as error:
                log.warning("odd_request", path=request.path, error=repr(error)[:200])
                return TemplateResponse(
                    request, "operators/bad_request.html", self.each_context(request), status=400
                ).render()
            return answer

        return answered
