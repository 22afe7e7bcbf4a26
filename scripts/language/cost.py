"""What a function's work grows with: each says so, and a test feeds it the largest values."""

from __future__ import annotations

import enum


class Cost(enum.Enum):
    """SIZED is counted where it is applied, by the size of all it is given; COUNTED spends as it
    goes (`work.spend`), because its work is not in proportion to that; FLAT looks at no parts."""

    SIZED = "with the size of what it is given"
    COUNTED = "counted by itself"
    FLAT = "not at all"
