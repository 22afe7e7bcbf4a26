"""Check 6: messages that are properly signed, at another time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from messaging import clock
from messaging.refusals import Reason
from messaging.syntax import format_time
from tests.forged.case import Case


def aged(seconds: float) -> Any:
    return lambda scene: scene.genuine(
        Timestamp=format_time(clock.now() - timedelta(seconds=seconds))
    )


def dated(year: int) -> Any:
    return lambda scene: scene.genuine(Timestamp=format_time(datetime(year, 1, 2, tzinfo=UTC)))


def old_question(scene: Any) -> Any:
    """What anybody may ask must be fresh too."""
    header = scene.header(From="Anonymous", To="theatre.test", Subject="Manifest@Domain")
    header |= {"Timestamp": format_time(clock.now() - timedelta(hours=1))}
    del header["Selector"]
    return {"Header": header}


MAKERS = {
    "a second too old": aged(301),
    "an hour old": aged(3600),
    "of 1999": dated(1999),
    "of the first year": dated(1),
    "just ahead": aged(-75),
    "a day ahead": aged(-86_400),
    "of the last year": dated(9999),
    "a local time written as UTC": aged(-7200),
    "an old unsigned question": old_question,
}
CASES = [Case(f"moment: {name}", make, Reason.TIMESTAMP) for name, make in MAKERS.items()]
