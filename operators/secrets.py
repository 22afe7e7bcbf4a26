"""Columns that no page shows, searches, filters or sorts by, whoever looks."""

from __future__ import annotations

import re

from django.db.models import Model

# Model -> its secret columns. A test looks for columns that are called like one and are not here.
SECRETS: dict[str, frozenset[str]] = {
    "messaging.domainkey": frozenset({"private_key"}),
    # Whoever knows where a browser takes pushes can push to it.
    "wallets.subscription": frozenset({"endpoint"}),
    # Django's own page says of it only that there is one, and how it is hashed.
    "auth.user": frozenset({"password"}),
    "sessions.session": frozenset({"session_key", "session_data"}),
}
SUSPICIOUS = re.compile(r"private|secret|sealed|passw|session|credential|endpoint|passphrase")


def secrets_of(model: type[Model]) -> frozenset[str]:
    return SECRETS.get(model._meta.label_lower, frozenset())
