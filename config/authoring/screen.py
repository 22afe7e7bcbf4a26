"""What a rehearsal looks like: as a transcript that tests compare, and on a terminal."""

from __future__ import annotations

import os
from typing import Any, TextIO

from config.authoring.person import ACCEPT, CANCEL, LEAVE, NO_ANSWER, Reaction
from config.authoring.rehearsal import Line, Outcome
from config.authoring.virtual_time import spoken
from scripts.language.values import to_text

WIDTH = 9
COLOURS = {
    "DONE": "32",
    "FAIL": "31",
    "REFUSED": "31",
    "OFFER": "35",
    "SAVED": "35",
    "LATER": "2",
    "ANSWER": "36",
    "FAILED": "31",
    "DIM": "2",
    "BOLD": "1",
}
HIDDEN = frozenset({"Hash", "Signature", "DKIM"})  # of a document: nothing that an author reads


def transcript(line: Line) -> str:
    """Return a line as tests spell it: `INFO Good evening.`, `> Alice`, `(2 days later)`."""
    if line.kind == "ANSWER":
        return f"> {line.text}"
    if line.kind == "LATER":
        return f"({line.text})"
    return f"{line.kind} {line.text}"


class Screen:
    """Writes for people; colours only on a terminal that has not said NO_COLOR."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.colours = stream.isatty() and "NO_COLOR" not in os.environ

    def write(self, text: str = "") -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def paint(self, text: str, colour: str) -> str:
        code = COLOURS.get(colour, "")
        return f"\033[{code}m{text}\033[0m" if self.colours and code else text

    def line(self, line: Line) -> None:
        """Show what the person reads or does, with its details and options."""
        if line.kind == "ANSWER":
            self.write(f"  {'':<{WIDTH}}{self.paint(f'> {line.text}', 'ANSWER')}")
            return
        if line.kind == "LATER":
            self.write(f"  {'':<{WIDTH}}{self.paint(f'... {line.text} ...', 'LATER')}")
            return
        self.write(f"  {self.paint(f'{line.kind:<{WIDTH}}', line.kind)}{line.text}")
        if line.kind == "SAVED":
            self.fields(_in_order(line.details.get("Context")))
            return
        if line.kind != "OFFER":
            for text in str(line.details.get("Details") or "").splitlines():
                self.write(f"  {'':<{WIDTH}}{self.paint(text, 'DIM')}")
        for number, option in enumerate(line.details.get("Options") or [], 1):
            self.write(f"  {'':<{WIDTH}}{number}. {option['Title']}")

    def fields(self, values: dict[str, Any], indent: int = WIDTH + 2) -> None:
        """Show a map, one pair a line."""
        for name, value in values.items():
            if isinstance(value, dict):
                self.write(f"{'':<{indent}}{self.paint(name, 'DIM')}")
                self.fields(value, indent + 2)
            else:
                self.write(f"{'':<{indent}}{self.paint(f'{name}:', 'DIM')} {to_text(value)}")

    def end(self, outcome: Outcome, place: str) -> None:
        """Say how a rehearsal ended: its state, its result, its log, the tokens in the wallet."""
        waited = spoken(outcome.waited)
        after = f", after {waited}" if waited else ""
        self.write()
        if outcome.problem:
            self.write(f"  {self.paint('Stopped', 'FAILED')}: {outcome.problem}")
        ends = {
            "DONE": "Ended" + after,
            "DECLINED": f"Ended{after}: the person said no to a CONFIRM with nothing else to do",
            "FAILED": f"{self.paint('Failed', 'FAILED')}{after}: {outcome.error}  [{place}]",
        }
        if outcome.state in ends:
            self.write(f"  {ends[outcome.state]}")
        for note in outcome.logged:
            self.write(f"  {'Log':<{WIDTH}}{note}")
        self._result(outcome.result)
        for token in outcome.tokens:
            self._token(token)

    def _result(self, result: Any) -> None:
        if result is None:
            return
        if isinstance(result, dict):
            self.write("  Result")
            self.fields(_plain(result))
        else:
            self.write(f"  {'Result':<{WIDTH}}{to_text(result)}")

    def _token(self, token: dict[str, Any]) -> None:
        document = token["Document"]
        state = token["Status"].lower() if token["Valid"] else f"not valid: {token['Problem']}"
        self.write(f"  {'Token':<{WIDTH}}{document['Schema']} ({state})")
        shown = {name: value for name, value in document.items() if name not in HIDDEN}
        self.fields({name: shown[name] for name in ("Starts", "Expires") if shown.get(name)})
        self.fields(_in_order(document.get("Context")))


def _in_order(context: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a token says, by name: PostgreSQL keeps no order of its own."""
    return dict(sorted((context or {}).items()))


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a token item what is said below it."""
    return {name: value for name, value in result.items() if name not in ("Document", "PublicKey")}


class AtTerminal:
    """A person who is asked on the screen. An empty line takes what the prompt proposes."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def answer(self, prompt: dict[str, Any]) -> Reaction:
        return Reaction(self._asked(_choices(prompt), str(prompt.get("Default") or "")))

    def decide(self, prompt: dict[str, Any]) -> Reaction:
        said = self._asked("accept, decline or leave", ACCEPT)
        return Reaction(NO_ANSWER if said == LEAVE else said)

    def _asked(self, choices: str, proposed: str) -> str:
        shown = choices + (f" [{proposed}]" if proposed else "")
        try:
            text = input(f"  {'':<{WIDTH}}({shown}) > ").strip()
        except EOFError:
            self.screen.write()
            return NO_ANSWER
        return text or proposed or CANCEL


def _choices(prompt: dict[str, Any]) -> str:
    if prompt["Format"] == "CONFIRM":
        return "yes or no"
    if prompt.get("Options"):
        return "numbers or names, with commas" if prompt["Format"] == "MANY" else "number or name"
    return f"your answer, or {NO_ANSWER}"
