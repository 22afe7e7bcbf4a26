"""Why a message is refused: the status its sender sees, and the reason that is counted."""

from __future__ import annotations

import enum

from django.db.models import F

from messaging import clock
from messaging.models import Refusal


class Reason(enum.Enum):
    """The reason code and the status of each refusal of protocol 2.4."""

    JSON = ("json", 400)
    SHAPE = ("shape", 422)
    SCHEMA = ("schema", 422)
    RECIPIENT = ("recipient", 422)
    SUBJECT = ("subject", 422)
    SENDER = ("sender", 422)
    SIZE = ("size", 422)
    TIMESTAMP = ("timestamp", 422)
    HASH = ("hash", 401)
    KEY = ("key", 401)
    SIGNATURE = ("signature", 401)
    CHAT_KEY = ("chat_key", 403)
    CORRELATION = ("correlation", 422)
    RATE = ("rate", 429)
    KEY_UNAVAILABLE = ("key_unavailable", 503)
    # Of public questions, which leave no other trace: their handler refused one, or broke.
    QUESTION = ("question", 403)
    QUESTION_FAULT = ("question_fault", 500)

    def __init__(self, code: str, status: int) -> None:
        self.code = code
        self.status = status


# All that a sender learns. One text per status, so that nothing can be probed by comparing.
PUBLIC_TEXT = {
    400: "Malformed",
    401: "Not authenticated",
    403: "Refused",
    422: "Not acceptable",
    429: "Too many messages",
    503: "Try again later",
    504: "No answer in time",
}


class Refused(Exception):
    """A message that failed a check; `detail` is for our log only."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.code)
        self.reason = reason
        self.detail = detail


def count_refusal(reason: Reason) -> None:
    """Count one refusal today (UTC): all that is kept of a refused message."""
    today = Refusal.objects.filter(day=clock.now().date(), reason=reason.code)
    if not today.update(count=F("count") + 1):
        first = Refusal(day=clock.now().date(), reason=reason.code)
        Refusal.objects.bulk_create([first], ignore_conflicts=True)
        today.update(count=F("count") + 1)
