"""The holders that every expression of these tests may name."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.scripts.language.world import UUID

BOOKS = [
    {"Title": "Maps", "Pages": 120, "Lang": "en", "Due": None},
    {"Title": "Bees", "Pages": 80, "Lang": "pt", "Due": "2026-05-02T00:00:00Z"},
    {"Title": "ants", "Pages": 80, "Lang": "en", "Due": "2026-04-01T00:00:00Z"},
]
X: dict[str, Any] = {
    "n": 3,
    "dec": Decimal("2.50"),
    "zero": 0,
    "t": "Maps",
    "num": "007",
    "l": ["a", "b"],
    "one": ["a"],
    "nums": [3, 1, 2],
    "none": [],
    "m": {"A": 1, "B": 2},
    "pair": {"Key": "A", "Value": 1},
    "single": {"A": 1},
    "e": None,
    "blank": "  ",
    "past": datetime(2026, 4, 1, tzinfo=UTC),
    "future": datetime(2026, 6, 1, tzinfo=UTC),
    "leap": datetime(2028, 2, 29, 12, tzinfo=UTC),
    "u": UUID,
    "d": "Library.test",
    "s": ".HOST/BOOKING",
    "yes": True,
    "no": False,
    "books": BOOKS,
    "emoji": "👍🏽",
    "family": "👨‍👩‍👧 ok",
    "domain": {"$": "library.test", "Name": "library.test"},
    "big": "9" * 40,
}
