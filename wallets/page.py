"""The wallet's page: one document at /wallet/ and for every locator below /go/."""

from __future__ import annotations

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from wallets.shell import first_modules

# Stricter than the site's: nothing but our own files, no markup made of text, and Trusted Types
# for the one address that a service worker may be registered from.
POLICY = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "worker-src": ["'self'"],
    "manifest-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["wallet"],
}
# The camera is for scanning codes; nothing else of the device is asked for.
PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"


@require_safe
@never_cache
@csp_replace(POLICY)
def page(request: HttpRequest, **address: str) -> HttpResponse:
    """Return the page. What its address means, such as a locator, is read in the browser."""
    response = render(request, "wallets/page.html", {"modules": first_modules()})
    response["Permissions-Policy"] = PERMISSIONS
    response["Referrer-Policy"] = "no-referrer"
    response["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
