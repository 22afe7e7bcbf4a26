"""The demonstration's domains, talkers and titles. Everybody here is made up."""

from __future__ import annotations

from pathlib import Path

from broker.models import Notifier
from host.models import Title
from host.services import save_talker
from messaging.each import each
from messaging.keys import create_domain
from messaging.models import HostedDomain
from wallets.models import NotifierBroker

TALKERS = Path(__file__).parent / "talkers"
DOMAINS = {
    "broker.test": "Broker",
    "notifier.test": "Notifier",
    "theatre.test": "The Guild theatre",
    "gym.test": "Harbour gym",
    "library.test": "Town library",
}
# (domain, locator key, title, file)
PLACES = (
    ("theatre.test", "ticket", "Seat ticket", "ticket.yaml"),
    ("gym.test", "membership", "Membership", "membership.yaml"),
    ("library.test", "card", "Library card", "card.yaml"),
)
TITLES = {
    "pollyweb.org/HOST/BOOKING/SELF:1.0": "Seat ticket",
    "gym.test/HOST/MEMBER/SELF:1.0": "Gym membership",
    "library.test/LIBRARY/CARD:1.0": "Library card",
    **DOMAINS,
}


def seed() -> list[str]:
    """Put in what is missing of the demonstration and return its locators; safe to repeat."""
    for name, title in DOMAINS.items():
        if not HostedDomain.objects.filter(pk=name).exists():
            create_domain(name, title)
    Notifier.objects.get_or_create(domain="broker.test", name="notifier.test")
    NotifierBroker.objects.get_or_create(domain="notifier.test", defaults={"broker": "broker.test"})
    for code, title in TITLES.items():
        Title.objects.get_or_create(code=code, language="en-us", defaults={"title": title})
    return each("talker of the demonstration", PLACES, _keep)


def _keep(place: tuple[str, str, str, str]) -> str:
    """Keep a talker; return its locator."""
    domain, key, title, file = place
    source = (TALKERS / file).read_text(encoding="utf-8")
    save_talker(domain=domain, key=key, title=title, source=source)
    return f".HOST,{domain},{key}"
