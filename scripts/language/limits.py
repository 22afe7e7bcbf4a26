"""How large a script's work may grow, so that no script harms another.

The engine sets `limits` once, at its start, from the settings (docs/settings.md); a test may lend
others for a while with `lent`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace


@dataclass
class Limits:
    """Each is refused with an error of the kind "limit", which no TRY catches."""

    segment_steps: int = 50
    held_steps: int = 1_000
    run_steps: int = 100_000
    run_starts: int = 1_000
    run_sends: int = 1_000
    run_rows: int = 10_000
    step_work: int = 1_000_000
    frames: int = 20
    loop_passes: int = 10_000
    branches: int = 100
    open_waits: int = 100
    holder_bytes: int = 1_000_000
    list_items: int = 10_000
    text_characters: int = 100_000
    depth: int = 32
    script_bytes: int = 500_000

    def set(self, other: Limits) -> None:
        """Take over the values of another."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))


limits = Limits()


@contextmanager
def lent(**changes: int) -> Iterator[Limits]:
    """Change some limits for as long as the context lasts."""
    before = replace(limits)
    limits.set(replace(before, **changes))
    try:
        yield limits
    finally:
        limits.set(before)
