"""The site of `/ops/`: Django's admin, without what acts unasked; odd input gets an answer."""

from __future__ import annotations

from functools import wraps
from typing import Any

import structlog
from django.contrib import admin
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from operators import lookups

log = structlog.get_logger(__name__)


class OperatorsSite(admin.AdminSite):
    site_header = site_title = "Countersign"
    index_title = "What happens here"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # pages have one that asks why

    def get_urls(self) -> list[Any]:
        """No row of ours has a page elsewhere to be viewed on."""
        return [each for each in super().get_urls() if getattr(each, "name", "") != "view_on_site"]

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
