"""From a saved row to the handler scripts of what it just became."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.itemised import Itemised
from scripts.registry import Row
from scripts.services import start_handler


@dataclass(frozen=True)
class Wiring:
    """Which shipped scripts a model's states and statuses start.

    `handlers` maps a value just entered to a script; `timers` to a script and the field that says
    when it starts. `item` is the name of the holder that carries the row.
    """

    library: str
    item: str
    dataset: str
    row: Callable[[Any], Row]
    handlers: Mapping[str, str]
    timers: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def start_handlers(wiring: Wiring, instance: Itemised) -> None:
    """Start what the values just entered ask for, in the transaction that saves the row.

    Each entering starts its handler once, however often the row is saved: its number is in the
    trigger. Triggers of releases before 0.3 have no number; what they started is never repeated,
    because only a value that is not stored yet is entered.
    """
    for entered in instance.entered():
        due: dict[str, Any] = {}
        if entered in wiring.handlers:
            due[wiring.handlers[entered]] = None
        if entered in wiring.timers:
            script, moment = wiring.timers[entered]
            due[script] = getattr(instance, moment)
        for script, due_at in due.items():
            start_handler(
                wiring.library,
                script,
                domain=instance.domain,  # type: ignore[attr-defined]
                trigger=f"{wiring.dataset}:{instance.pk}:{entered}:{instance.entries}",
                item=(wiring.item, wiring.dataset, wiring.row(instance)),
                due_at=due_at,
            )
