"""How often one wallet may ask, whatever address it asks from."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from wallets.models import Registration


class WalletThrottle(SimpleRateThrottle):
    """Limits each wallet to its rate in DEFAULT_THROTTLE_RATES; without one, not at all."""

    scope = "wallet"

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        return None if rate is None else str(rate)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        registration = request.auth
        if not isinstance(registration, Registration):
            return None
        return self.cache_format % {"scope": self.scope, "ident": registration.pk}


class RelayThrottle(WalletThrottle):
    scope = "relay"
