"""Sessions end: when nobody has used them for a while, and at the latest after some hours.

Django ends them by itself when the password changes or the account is switched off, and an idle one
by SESSION_COOKIE_AGE, which every request begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from messaging import clock
from operators import logins
from operators.logins import BEGAN


class SessionLimits:
    """Middleware: ends a session that is too old, and makes a browser known that logs in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            if is_over(request.session.get(BEGAN)):
                logout(request)
            elif BEGAN not in request.session:  # of the release before
                request.session[BEGAN] = clock.now().isoformat()
        response = self.get_response(request)
        logins.give_cookie(request, response)
        return response


def is_over(began: object) -> bool:
    """Say whether a session has lasted too long; one without a time has just begun."""
    if not isinstance(began, str):
        return False
    age = clock.now() - datetime.fromisoformat(began)
    return age >= timedelta(hours=settings.OPS_SESSION_HOURS)
