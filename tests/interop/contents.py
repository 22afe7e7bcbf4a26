"""Odd but legal contents: what protocol 2.7 lets a body hold, and people seldom put there."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from messaging.canonical import LARGEST_INTEGER

ESCAPES = "".join(map(chr, range(1, 0x20))) + "\"\\/\x7f  <>&'`"
DEEP: dict[str, Any] = {}
for _ in range(28):
    DEEP = {"Deeper": [DEEP]} if len(str(DEEP)) % 2 else {"Deeper": DEEP}
ODD: dict[str, dict[str, Any]] = {
    "empty": {},
    "escapes": {"Text": ESCAPES, "".join(map(chr, range(1, 0x20))): 1},
    "non-ascii": {"Name": "Zoë Ångström 東京 🎭 \U0010ffff \ue000 e\u0301 \ufeff"},
    "deep": DEEP,
    "numbers": {
        "Most": LARGEST_INTEGER,
        "Least": -LARGEST_INTEGER,
        "Zero": 0,
        "One": 1,
        "True": True,
    },
    "empties": {"List": [], "Map": {}, "Text": "", "Nothing": None, "Lists": [[], [[]], {}]},
    "order": {"b": 1, "B": 2, "a": 3, "_": 4, "10": 5, "9": 6, "": 7, "a b": 8, "a.b": 9},
    "long": {"Text": "ß" * 5000, "List": list(range(500))},
}

TEXTS = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=20)
# `self` is a name that the reference library cannot take (protocol 2.7).
KEYS = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=10).filter(
    lambda key: key != "self"
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)
