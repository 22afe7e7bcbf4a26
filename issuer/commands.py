"""ISSUE: offer a token in the running chat and wait for the person."""

from __future__ import annotations

from scripts.errors import refused
from scripts.language.continuation import Call, Enter
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.plain import plain
from scripts.registry import Command
from scripts.step import Step


def issue(step: Step, call: Call) -> Enter:
    """ISSUE schema >> $token: enter the shipped `.ISSUE`; the token, or nothing, comes back."""
    if step.chat is None:
        raise refused("ISSUE needs a chat")
    inputs = dict(call.arguments)
    for part in ("Context", "Internals"):
        inputs[part] = plain(inputs.get(part) or {})
    return step.enter(call, ".ISSUE", inputs)


ISSUE = Command(
    CommandSpec(
        word="ISSUE",
        main="Schema",
        parameters=(
            Parameter("Schema", Kind.VALUE, required=True),
            Parameter("Token", Kind.VALUE),
            Parameter("Starts", Kind.VALUE),
            Parameter("Expires", Kind.VALUE),
            Parameter("Timeout", Kind.VALUE),
            Parameter("Context", Kind.FIELDS),
            Parameter("Internals", Kind.FIELDS),
        ),
        suspends=True,
    ),
    issue,
    calls=(".ISSUE",),
)
COMMANDS = {"ISSUE": ISSUE}
