"""How often one wallet may ask, whatever address it asks from."""

from __future__ import annotations

from rest_framework.request import Request

from messaging.api.throttle import Counted
from wallets.models import Registration


class WalletThrottle(Counted):
    limit = "wallet"

    def share(self, request: Request) -> str | None:
        """Return the wallet; who has not proved to be one is refused before anything else."""
        registration = request.auth
        return str(registration.pk) if isinstance(registration, Registration) else None


class RelayThrottle(WalletThrottle):
    limit = "relay"
