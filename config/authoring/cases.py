"""Test files: a map of cases, each with what the person does and what is expected.

They are read as scripts are: every value is text, and a fault has its line and column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from config.authoring.person import ACCEPT, DECLINE, LEAVE, NO_ANSWER, Reaction
from scripts.language.errors import LoadErrors
from scripts.language.source import Node, Reader
from scripts.language.values import advance, is_period, parse_time
from scripts.language.vocabulary import nearest
from scripts.states import RunState

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday morning, unless Now says another moment
ENDS = (RunState.DONE, RunState.FAILED, RunState.DECLINED)


@dataclass
class Case:
    """One case: its name, what the person does, and what is expected (None: not looked at)."""

    name: str
    line: int
    script: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    answers: list[Reaction] = field(default_factory=list)
    offers: list[Reaction] = field(default_factory=lambda: [Reaction(ACCEPT)])
    now: datetime = BEGINS
    transcript: list[str] | None = None
    ends: str = RunState.DONE.value
    error: str = ""
    result: Any = None
    log: list[str] | None = None
    tokens: list[Any] | None = None


def read_cases(source: str, file: str) -> list[Case]:
    """Return the cases of a test file. Raises LoadErrors with every fault of it."""
    reader = Reader(file)
    root = reader.read(source)
    cases: list[Case] = []
    if root is not None and root.pairs:
        cases = [_case(reader, name, body) for name, body in root.pairs]
    elif not reader.faults:
        reader.fault("a test file is a map: the name of a case, and what is expected", 1, 1)
    if reader.faults:
        raise LoadErrors(reader.faults)
    return cases


def _case(reader: Reader, name: Node, body: Node) -> Case:
    case = Case(name.text or "", name.line)
    if body.pairs is None:
        reader.fault("a case is a map", body.line, body.column, f"it may hold {', '.join(FIELDS)}")
        return case
    for key, value in body.pairs:
        read = FIELDS.get(key.text or "")
        if read is None:
            hint = nearest(key.text or "", FIELDS) or f"a case may hold {', '.join(FIELDS)}"
            reader.fault(f"a case has no {key.text}", key.line, key.column, hint)
            continue
        read(reader, case, value)
    return case


def plain(node: Node) -> Any:
    """Return a node as text, list or map."""
    if node.items is not None:
        return [plain(item) for item in node.items]
    if node.pairs is not None:
        return {key.text: plain(value) for key, value in node.pairs}
    return node.text


def _texts(node: Node) -> list[Node]:
    return node.items if node.items is not None else [node]


def _set_script(reader: Reader, case: Case, node: Node) -> None:
    case.script = node.text or ""


def _set_inputs(reader: Reader, case: Case, node: Node) -> None:
    if node.pairs is None:
        reader.fault("Inputs are a map", node.line, node.column)
        return
    case.inputs = plain(node)


def _set_answers(reader: Reader, case: Case, node: Node) -> None:
    case.answers = [_reaction(reader, each, "Answer") for each in _texts(node)]


def _set_offers(reader: Reader, case: Case, node: Node) -> None:
    case.offers = [_reaction(reader, each, "Offer") for each in _texts(node)]
    for offer, each in zip(case.offers, _texts(node), strict=True):
        if offer.text not in (ACCEPT, DECLINE, NO_ANSWER):
            reader.fault(
                f"{offer.text!r} is nothing to do with an offer",
                each.line,
                each.column,
                f"{ACCEPT}, {DECLINE} or {LEAVE}",
            )


def _reaction(reader: Reader, node: Node, name: str) -> Reaction:
    """Read `Alice`, or `{After: 2 days, Answer: Alice}`; to leave an offer is not to answer it."""
    parts = {key.text: value.text or "" for key, value in node.pairs or []}
    if node.pairs is None:
        parts = {name: node.text or ""}
    if name not in parts or set(parts) - {name, "After"}:
        reader.fault(f"it takes {name}, and After", node.line, node.column)
    after = timedelta()
    if "After" in parts:
        if is_period(parts["After"]):
            after = advance(BEGINS, parts["After"]) - BEGINS
        else:
            reader.fault("After is a period, such as 2 days", node.line, node.column)
    text = parts.get(name, "")
    return Reaction(NO_ANSWER if name == "Offer" and text == LEAVE else text, after)


def _set_now(reader: Reader, case: Case, node: Node) -> None:
    moment = parse_time(node.text)
    if moment is None:
        reader.fault(
            f"{node.text!r} is not a time", node.line, node.column, "write 2026-03-02T09:00:00Z"
        )
        return
    case.now = moment


def _set_transcript(reader: Reader, case: Case, node: Node) -> None:
    if node.text is None:
        reader.fault("Transcript is a text", node.line, node.column, "write | and then its lines")
        return
    case.transcript = tidy(node.text.splitlines())


def tidy(lines: list[str]) -> list[str]:
    """Return lines without the blanks that say nothing."""
    return [" ".join(line.split()) for line in lines if line.strip()]


def _set_ends(reader: Reader, case: Case, node: Node) -> None:
    case.ends = node.text or ""
    if case.ends not in ENDS:
        reader.fault(f"Ends is one of {', '.join(ENDS)}", node.line, node.column)


def _set_error(reader: Reader, case: Case, node: Node) -> None:
    case.error = node.text or ""
    case.ends = RunState.FAILED


def _set_result(reader: Reader, case: Case, node: Node) -> None:
    case.result = plain(node)


def _set_log(reader: Reader, case: Case, node: Node) -> None:
    case.log = [each.text or "" for each in _texts(node)]


def _set_token(reader: Reader, case: Case, node: Node) -> None:
    case.tokens = [plain(node)]


def _set_tokens(reader: Reader, case: Case, node: Node) -> None:
    case.tokens = [plain(each) for each in _texts(node) if not each.is_blank]


FIELDS: dict[str, Callable[[Reader, Case, Node], None]] = {
    "Script": _set_script,
    "Inputs": _set_inputs,
    "Answers": _set_answers,
    "Offers": _set_offers,
    "Now": _set_now,
    "Transcript": _set_transcript,
    "Ends": _set_ends,
    "Error": _set_error,
    "Result": _set_result,
    "Log": _set_log,
    "Token": _set_token,
    "Tokens": _set_tokens,
}
