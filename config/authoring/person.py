"""The person at the pretend wallet: what he answers, what he does with offers, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

ACCEPT, DECLINE, LEAVE = "accept", "decline", "leave"
NO_ANSWER = "(no answer)"
CANCEL = "(cancel)"
NO_DELAY = timedelta()


class NoAnswer(Exception):
    """A question came for which there is no answer left."""


@dataclass(frozen=True)
class Reaction:
    """What is answered to a question or done with an offer, and how long after it came."""

    text: str
    after: timedelta = NO_DELAY


class Person(Protocol):
    """Who reacts; `prompt` has what the wallet shows: Format, Text, Details, Options, Default."""

    def answer(self, prompt: dict[str, Any]) -> Reaction: ...
    def decide(self, prompt: dict[str, Any]) -> Reaction: ...


@dataclass
class Prepared:
    """Somebody whose answers are known before. Raises NoAnswer when they run out.

    The last decision holds for the offers that follow.
    """

    answers: list[Reaction] = field(default_factory=list)
    decisions: list[Reaction] = field(default_factory=lambda: [Reaction(ACCEPT)])

    def answer(self, prompt: dict[str, Any]) -> Reaction:
        if not self.answers:
            raise NoAnswer(f"no answer is left for: {prompt['Format']} {prompt['Text']}")
        return self.answers.pop(0)

    def decide(self, prompt: dict[str, Any]) -> Reaction:
        return self.decisions.pop(0) if len(self.decisions) > 1 else self.decisions[0]


def reply(prompt: dict[str, Any], text: str) -> dict[str, str | list[str]] | None:
    """Return what the wallet sends for a typed answer; None when nobody answers.

    A CONFIRM takes yes and no; an option may be given by its id, its title or its number, those of
    a MANY apart by commas.
    """
    said = text.strip()
    if said == NO_ANSWER:
        return None
    if said == CANCEL:
        return {"Result": "CANCEL"}
    if prompt["Format"] == "CONFIRM":
        return {"Result": "YES" if said.lower() in ("yes", "y", "true", ACCEPT) else "NO"}
    options = prompt.get("Options") or []
    if prompt["Format"] == "MANY":
        parts = [part.strip() for part in said.split(",")]
        return {"Result": "OK", "Answer": [_chosen(options, part) for part in parts if part]}
    return {"Result": "OK", "Answer": _chosen(options, said)}


def _chosen(options: list[dict[str, str]], said: str) -> str:
    """Return the id of the option that is meant; what is no option goes as it is."""
    for option in options:
        if said.lower() in (option["ID"].lower(), option["Title"].lower()):
            return option["ID"]
    if said.isdigit() and 0 < int(said) <= len(options):
        return options[int(said) - 1]["ID"]
    return said


def reactions(texts: Iterable[str]) -> list[Reaction]:
    """Return reactions that come at once."""
    return [Reaction(text) for text in texts]
