"""What happened in a wallet, each in one line as the person would read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from messaging import clock


@dataclass(frozen=True)
class Event:
    """`kind` is for programs, `text` for people; `chat` and `token` say what it is about."""

    kind: str
    text: str
    chat: str = ""
    token: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=clock.now)


OPENED = "opened"
SHOWN = "shown"
ANSWERED = "answered"
UNANSWERED = "unanswered"
ENDED = "ended"  # a question that was open is not asked any more
SAVED = "saved"
REFUSED = "refused"
REMOVED = "removed"
UPDATED = "updated"
FAILED = "failed"
