"""How often one share may do a thing: the one place where anything is limited by its number.

Each limit is a line of the table: whose share it is, and the setting that says how many. Counted is
what somebody proved to be, or else the address (of IPv6 the /64) that he calls from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from messaging import clock
from messaging.canonical import sha256_hex
from messaging.counters import counters

SECONDS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class Limit:
    """So many (`setting` names the rate) of what is counted, for each share."""

    setting: str
    counts: str
    share: str
    parts: int = 1  # of the period; in each no more than its part of the number


LIMITS = {
    "inbox": Limit("INBOX_RATE", "posts to the inbox", "address, or who was proved there"),
    "public": Limit("PUBLIC_RATE", "unsigned questions, and pages for everybody", "address"),
    "onboard": Limit("ONBOARD_RATE", "new wallets", "address"),
    "lookup": Limit("LOOKUP_RATE", "keys looked up in DNS", "address"),
    "sender": Limit("SENDER_RATE", "messages of a domain", "domain"),
    "person": Limit("PERSON_RATE", "messages of a wallet, or with one chat's key", "key", 6),
    "wallet": Limit("WALLET_RATE", "requests to the notifier", "wallet"),
    "relay": Limit("RELAY_RATE", "messages passed on", "wallet"),
    "chat": Limit("CHAT_PROMPT_RATE", "prompts for a wallet", "chat", 6),
    "host": Limit("HOST_PROMPT_RATE", "prompts for a wallet", "host", 6),
    "domain_starts": Limit("DOMAIN_START_RATE", "runs that authors' scripts start", "domain"),
    "domain_sends": Limit("DOMAIN_SEND_RATE", "messages that authors' scripts send", "domain"),
    "domain_rows": Limit("DOMAIN_ROW_RATE", "rows that authors' scripts save", "domain"),
    "feedback": Limit("FEEDBACK_RATE", "hints that messages were discarded", "domain told"),
    "waited_feedback": Limit(
        "WAITED_FEEDBACK_RATE", "such hints, where somebody may wait", "domain told"
    ),
}


def parse_rate(text: str) -> tuple[int, int]:
    """Return how many in how many seconds `N/min` (or sec, hour, day) allows. Raises ValueError."""
    number, _, period = text.partition("/")
    if not number.isdecimal() or period not in SECONDS or int(number) < 1:
        raise ValueError(f"{text!r} is not a rate such as 6000/min")
    return int(number), SECONDS[period]


def is_over(limit: str, share: str) -> bool:
    """Count one thing that a share does; say whether it was more than the limit allows."""
    most, seconds = _rate(limit)
    parts = LIMITS[limit].parts
    over = _count(limit, share, seconds) > most
    return over or (parts > 1 and _count(limit, share, seconds // parts) > max(most // parts, 1))


def _rate(limit: str) -> tuple[int, int]:
    return parse_rate(getattr(settings, LIMITS[limit].setting))


def _count(limit: str, share: str, seconds: int) -> int:
    window = int(clock.now().timestamp()) // seconds
    return counters().add(f"{limit}:{_short(share)}:{seconds}:{window}", 2 * seconds)


def is_over_rows(limit: str, made: QuerySet[Any]) -> bool:
    """Say whether as many of these rows were made in the last period as the limit allows.

    For what leaves rows anyway, inside the transaction that writes them: it asks no other server.
    """
    most, seconds = _rate(limit)
    lately = made.filter(created_at__gt=clock.now() - timedelta(seconds=seconds))
    return lately.order_by().values_list("pk", flat=True)[most - 1 : most].exists()


def seconds_left(limit: str) -> float:
    """Return the seconds until a share may go on that used up a limit."""
    seconds = _rate(limit)[1] // LIMITS[limit].parts
    return seconds - clock.now().timestamp() % seconds


def rest(what: str, name: str, seconds: float) -> None:
    """Remember for so long that this one is to be left alone."""
    counters().add(f"rest:{what}:{_short(name)}", seconds)


def is_resting(what: str, name: str) -> bool:
    """Say whether this one is to be left alone now."""
    return counters().has(f"rest:{what}:{_short(name)}")


def _short(share: str) -> str:
    """Names may be long and anything; what they become tells nothing of them."""
    return sha256_hex(share.encode(errors="replace"))[:32]
