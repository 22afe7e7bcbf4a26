"""Who is in a play: the issuer's domains and what each offers, and how people answer there."""

from __future__ import annotations

# Each place's talker and what a person does with its offer.
RUSH = """💬 Last seat:
- INFO: One seat is left, and somebody else is looking at it.
- ISSUE .HOST/BOOKING/SELF >> $seat:
    Context:
        For: whoever is quick
    Expires: 30 days
    Timeout: 3 seconds
- IF $seat: DONE The seat is yours.
- ELSE: FAIL The seat went to somebody else.
"""
ISSUER_DOMAINS = {
    "theatre.test": "The Guild theatre",
    "gym.test": "Harbour gym",
    "library.test": "Town library",
    "pool.test": "Lido",
}
BROKER_DOMAINS = {"broker.test": "Broker", "notifier.test": "Notifier"}
LOCATORS = {
    "theatre.test": ".HOST,theatre.test,ticket",
    "gym.test": ".HOST,gym.test,membership",
    "library.test": ".HOST,library.test,card",
    "pool.test": ".HOST,pool.test,seat",
}
# What a person says to the broker's question; None leaves it unanswered, the pool's answer comes
# about when the offer lapses.
ANSWERS: dict[str, dict[str, str] | None] = {
    "theatre.test": {"Result": "YES"},
    "gym.test": {"Result": "NO"},
    "library.test": None,
    "pool.test": {"Result": "YES"},
}
SAYS = {
    "TEXT": {"Result": "OK", "Answer": "Alice"},
    "ONE": {"Result": "OK", "Answer": "Mornings"},
    "CONFIRM": {"Result": "YES"},
}
MIX = ("theatre.test",) * 5 + ("gym.test",) * 2 + ("library.test",) * 2 + ("pool.test",)
