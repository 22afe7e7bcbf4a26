"""ISSUE: offer a token in the running chat and wait for the person."""

from __future__ import annotations

from scripts import quotas
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
    quotas.count("sends")  # what sends the offer is the token's own handler
    inputs = dict(call.arguments)
    for part in ("Context", "Internals"):
        inputs[part] = plain(inputs.get(part) or {})
    return step.enter(call, ".ISSUE", inputs)


ISSUE = Command(
    CommandSpec(
        word="ISSUE",
        main="Schema",
        parameters=(
            Parameter("Schema", Kind.VALUE, required=True, about="what it is: `.HOST/BOOKING`"),
            Parameter("Token", Kind.VALUE, about="its id; a new UUID when not given"),
            Parameter("Starts", Kind.VALUE, about="a time or a period; now when not given"),
            Parameter("Expires", Kind.VALUE, about="until when it is good: a time or a period"),
            Parameter("Timeout", Kind.VALUE, about="how long it is offered; at most 7 days"),
            Parameter("Context", Kind.FIELDS, about="what it says, for all who see it"),
            Parameter("Internals", Kind.FIELDS, about="what only the issuer keeps with it"),
        ),
        suspends=True,
        about="Offer a token; gives its item once it is in the wallet, or nothing when it was "
        "declined or nobody took it in time.",
        signature="ISSUE .HOST/BOOKING >> $ticket:\n    Context:\n        Seat: B10\n"
        "    Expires: 30 days",
    ),
    issue,
    calls=(".ISSUE",),
)
COMMANDS = {"ISSUE": ISSUE}
