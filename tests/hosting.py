"""Domains for tests: what is kept for a domain needs that it is hosted here."""

from __future__ import annotations

from messaging.keys import create_domain
from messaging.models import HostedDomain


def host(domain: str) -> str:
    """Host a domain, unless it is hosted already; return its name."""
    if not HostedDomain.objects.filter(pk=domain).exists():
        create_domain(domain, domain.partition(".")[0].title())
    return domain
