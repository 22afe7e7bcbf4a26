"""Inside a deployment: put in its part of the cast, or say what it holds.

`python -m tests.apart.data seed issuer|broker`, `python -m tests.apart.data rows issuer|broker`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

django.setup(set_prefix=False)

from django.core.management import call_command  # noqa: E402
from django.db.models import F  # noqa: E402

from broker.models import Notifier  # noqa: E402 - models need the settings
from broker.models import Token as BrokerToken  # noqa: E402
from config.demo.data import PLACES, TALKERS, TITLES  # noqa: E402
from host.models import Title  # noqa: E402
from host.services import save_talker  # noqa: E402
from issuer.models import Token, TokenEvent  # noqa: E402
from messaging.keys import create_domain  # noqa: E402
from messaging.models import InboxMessage, OutboxMessage, Refusal  # noqa: E402
from messaging.states import InboxState, OutboxState  # noqa: E402
from scripts.models import Run  # noqa: E402
from scripts.states import LIVE, RunState  # noqa: E402
from tests.apart.cast import BROKER_DOMAINS, ISSUER_DOMAINS, RUSH  # noqa: E402
from wallets.models import NotifierBroker  # noqa: E402


def seed(role: str) -> None:
    """Put in what this side has of the cast."""
    for name, title in (ISSUER_DOMAINS if role == "issuer" else BROKER_DOMAINS).items():
        create_domain(name, title)
    for code, title in (TITLES | ISSUER_DOMAINS).items():
        Title.objects.get_or_create(code=code, language="en-us", defaults={"title": title})
    if role == "broker":
        Notifier.objects.get_or_create(domain="broker.test", name="notifier.test")
        NotifierBroker.objects.get_or_create(
            domain="notifier.test", defaults={"broker": "broker.test"}
        )
        return
    for domain, key, title, file in PLACES:
        source = (TALKERS / file).read_text(encoding="utf-8")
        save_talker(domain=domain, key=key, title=title, source=source)
    save_talker(domain="pool.test", key="seat", title="Last seat", source=RUSH)


def rows(role: str) -> dict[str, Any]:
    """Return this side's tokens, and what has not come to rest."""
    tokens = issued() if role == "issuer" else mirrored()
    due = OutboxMessage.objects.filter(state=OutboxState.DUE)
    dead = OutboxMessage.objects.filter(state=OutboxState.DEAD)
    # At its own deadline a message may be given up: an offer of three seconds, its broker cut off.
    dead = dead.exclude(finished_at__gte=F("expires_at"))
    # Watches that wait for a deadline long past the play; an offer that was decided ends them idly.
    live = Run.objects.filter(state__in=LIVE).exclude(script="OnTokenLapsed")
    ill = Run.objects.filter(state=RunState.QUARANTINED)
    return {
        "Tokens": tokens,
        "Live": list(live.values_list("script", flat=True)),
        "Quarantined": [f"{run.script}: {run.error[:200]}" for run in ill],
        "Unhandled": InboxMessage.objects.filter(state=InboxState.RECEIVED).count(),
        "Due": [f"{m.subject} to {m.recipient}: {m.last_error[:100]}" for m in due],
        "Dead": [f"{m.subject} to {m.recipient}: {m.last_error[:100]}" for m in dead],
        "Received": InboxMessage.objects.count(),
        "Refused": {each.reason: each.count for each in Refusal.objects.all()},
    }


def issued() -> dict[str, Any]:
    """Return the issuer's tokens: state, status, chat, and the ends each was given."""
    ends: dict[str, list[str]] = {}
    decided = TokenEvent.objects.filter(kind="STATE", value__in=["ACCEPTED", "DECLINED", "EXPIRED"])
    for event in decided:
        ends.setdefault(str(event.token_id), []).append(event.value)
    return {
        str(token.pk): {
            "State": str(token.state),
            "Status": token.status,
            "Domain": token.domain,
            "Chat": str(token.chat),
            "Ends": ends.get(str(token.pk), []),
        }
        for token in Token.objects.all()
    }


def mirrored() -> dict[str, Any]:
    """Return the broker's mirrors: state and status."""
    return {
        str(token.token): {"State": str(token.state), "Status": token.status}
        for token in BrokerToken.objects.all()
    }


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        seed(sys.argv[2])
    elif sys.argv[1] == "dns":
        for each in ISSUER_DOMAINS if sys.argv[2] == "issuer" else BROKER_DOMAINS:
            call_command("domain", "dns", each)
    else:
        print(json.dumps(rows(sys.argv[2])))
