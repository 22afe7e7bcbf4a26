"""How often one address may post to the inbox."""

from __future__ import annotations

from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle


class InboxThrottle(AnonRateThrottle):
    """Limits each address to DEFAULT_THROTTLE_RATES["inbox"]; without that rate, not at all."""

    scope = "inbox"

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        return None if rate is None else str(rate)
