"""SEND: what leaves for other domains, and their answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from messaging import clock
from messaging.registry import Mode, subjects
from scripts.language.continuation import TIMED_OUT, Call
from scripts.language.errors import ScriptError
from scripts.language.values import as_time
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command
from scripts.step import Step

CALL_LIFE = timedelta(hours=1)
CALL_MARGIN = timedelta(minutes=1)  # the outbox gives up first, so that the script learns why


def send(step: Step, call: Call) -> Any:
    """SEND: queue a message; with an output, wait for the answer of a sync subject (5.4).

    `Expires` (beside Header and Body) ends the attempts to deliver it.
    """
    to, subject, body = _parts(step, call)
    known = subjects().get(subject)
    if known is not None and (known.mode is Mode.SYNC) != call.has_output:
        raise ScriptError(f"{subject} is {known.mode.name.lower()}: mind the >>", kind="type")
    expires = call.arguments.get("Expires")
    expires_at = None if expires in (None, "") else as_time(expires, clock.now())
    if not call.has_output:
        step.send(to=to, subject=subject, body=body, expires_at=expires_at)
        return None
    expires_at, deadline = call_deadline(expires_at)
    message = step.send(
        to=to, subject=subject, body=body, expires_at=expires_at, expects_response=True
    )
    correlation = str(message.correlation)
    return step.wait(correlation, deadline=deadline, expects=f"response:{correlation}")


def call_deadline(wanted: datetime | None) -> tuple[datetime, datetime]:
    """Return until when a call is tried, and until when its run waits for the outcome (UTC)."""
    latest = clock.now() + CALL_LIFE
    expires_at = min(wanted or latest, latest)
    return expires_at, expires_at + CALL_MARGIN


def _parts(step: Step, call: Call) -> tuple[str, str, dict[str, Any]]:
    """Return recipient, subject and body, from the long or the flat form."""
    arguments = call.arguments
    if "Header" in arguments:
        header = arguments["Header"] or {}
        body = arguments.get("Body") or {}
    else:
        header = body = arguments.get("Fields") or {}
        body = {key: value for key, value in header.items() if key not in ("To", "Subject")}
    subject = str(header.get("Subject") or "")
    if not subject:
        raise ScriptError("SEND needs a Subject", kind="type")
    to = str(header.get("To") or step.domain).lower()
    return to, subject, body


def answered(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the response's body. Raises ScriptError when the peer refused or never answered."""
    if signal is TIMED_OUT:
        raise ScriptError("the call failed: no answer", kind="call")
    if "Error" in signal:
        raise ScriptError(f"the call failed: {signal['Error']}", kind="call")
    return signal["Body"]


SEND = Command(
    CommandSpec(
        word="SEND",
        parameters=(
            Parameter("Header", Kind.FIELDS),
            Parameter("Body", Kind.FIELDS),
            Parameter("Expires", Kind.VALUE),
        ),
        rest="Fields",
        suspends=True,
    ),
    send,
    answered,
)
