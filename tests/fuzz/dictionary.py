"""What texts for the reader of scripts are made of, and how one is made from another."""

from __future__ import annotations

import json
import random
from pathlib import Path

_KEPT = json.loads((Path(__file__).parent / "pieces.json").read_text(encoding="utf-8"))
DICTIONARY: list[str] = _KEPT["pieces"]
SEEDS: list[str] = _KEPT["seeds"]


def mutated(text: str, chance: random.Random) -> str:
    """Return a text with one to four changes: pieces put in, taken out, doubled or moved."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(text))
        end = min(len(text), at + chance.randint(1, 12))
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:at] + text[at:end] * 2 + text[end:]
        elif kind == 2:
            other = chance.choice(SEEDS)
            start = chance.randint(0, len(other))
            text = text[:at] + other[start : start + chance.randint(1, 40)] + text[at:]
        else:
            text = text[:at] + chance.choice(DICTIONARY) + text[at if kind < 5 else end :]
    return text[:2000]
