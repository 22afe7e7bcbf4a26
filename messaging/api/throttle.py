"""The limits of `messaging.rates` as the framework asks for them: 429 with Retry-After."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from messaging import caller, rates


class Counted(BaseThrottle):
    """Limits each share to one of `rates.LIMITS`; a share that is None is not limited here."""

    limit: ClassVar[str]

    def share(self, request: Request) -> str | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        share = self.share(request)
        return share is None or not rates.is_over(self.limit, share)

    def wait(self) -> float:
        return rates.seconds_left(self.limit)


def address_of(request: Request) -> str:
    """Return the share of the address that a request comes from."""
    meta = request.META
    return caller.now() or caller.share_of(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.NUM_PROXIES
    )


class InboxThrottle(Counted):
    """Who was proved at an address lately has a share of his own, so that nobody who has come to
    the same address can use it up."""

    limit = "inbox"

    def share(self, request: Request) -> str:
        return f"{address_of(request)} {caller.identity()}"


class PublicThrottle(Counted):
    limit = "public"

    def share(self, request: Request) -> str:
        return address_of(request)
