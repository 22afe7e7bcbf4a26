"""SEND: what leaves for other domains, and their answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from messaging import clock
from messaging.registry import Mode, subjects
from scripts.language.continuation import TIMED_OUT, Call
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Format
from scripts.language.values import Item, MessageView, as_time
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
    context = call.arguments.get("Context")
    given = {
        name: value.of(context) if isinstance(value, Format) else value
        for name, value in call.arguments.items()
    }
    if "Header" in given:
        if "Fields" in given:
            names = ", ".join(given["Fields"])
            raise ScriptError(f"SEND: {names} goes into Header or Body", kind="type")
        header, body = given["Header"] or {}, given.get("Body") or {}
    else:
        header = given.get("Fields") or {}
        body = {key: value for key, value in header.items() if key not in ("To", "Subject")}
        body.update(given.get("Body") or {})
    subject = str(header.get("Subject") or "")
    if not subject:
        raise ScriptError("SEND needs a Subject", kind="type")
    to = str(header.get("To") or step.domain).lower()
    return to, subject, {key: sendable(value) for key, value in body.items()}


def sendable(value: Any) -> Any:
    """Return a value for a message: of a row its default property, else its key, never the whole.

    What a row holds is this domain's business; what others are to know of it is named (5.4).
    """
    if isinstance(value, Item):
        return value.get("$", value.key)
    if isinstance(value, MessageView):
        raise ScriptError("SEND: a message is not sent on as a whole", kind="type")
    if isinstance(value, dict):
        return {key: sendable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [sendable(part) for part in value]
    return value


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
        main="Context",
        context="Context",
        parameters=(
            Parameter("Context", Kind.VALUE, about="whose properties bare words are"),
            Parameter("Header", Kind.FIELDS, about="To (this domain if not given) and Subject"),
            Parameter("Body", Kind.FIELDS, about="what is said"),
            Parameter("Expires", Kind.VALUE, about="until when delivery is tried"),
        ),
        rest="Fields",
        suspends=True,
        about="Send a message to a domain; with >>, wait for its answer.",
        signature="SEND [$context] [>> $answer]: {To, Subject, fields} or {Header, Body}",
    ),
    send,
    answered,
)
