"""What an answer must be like, and what a script gets of it: pure, and the same for all wallets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from traceback import TracebackException
from typing import Any

import structlog

from host.numerals import pretty, read_amount, read_number, rounded
from host.states import Format
from scripts.language.errors import ODD_VALUE
from scripts.language.patterns import groups, matches

log = structlog.get_logger(__name__)

ADDRESSES = {"ipv4": ipaddress.IPv4Address, "ipv6": ipaddress.IPv6Address}
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadAnswer(Exception):
    """The answer does not fit; the text says to the person why."""


class Rounds(Exception):
    """A number has more digits than its question takes; `number` is what it would become."""

    def __init__(self, number: Decimal, shown: str) -> None:
        super().__init__(shown)
        self.number = number
        self.shown = shown


@dataclass(frozen=True)
class Question:
    """What was asked: `rules` by the names of docs/prompts.md, all their values as text."""

    format: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[Mapping[str, str]] = ()
    language: str = "en-us"

    def number(self, name: str) -> int | None:
        value = self.rules.get(name)
        return None if value is None else int(value)


def read_answer(question: Question, answer: Any) -> Any:
    """Return what the script gets: None for an empty answer that may be.

    Raises BadAnswer, or Rounds for a number that would lose digits, and nothing else: whatever a
    person or a wallet puts here, the person is asked again, and the script goes on.
    """
    try:
        return read_strictly(question, answer)
    except ODD_VALUE as odd:
        # A fault of ours. Its message may quote the answer, which is the person's: only the place.
        place = TracebackException.from_exception(odd).stack[-1]
        log.error("answer_not_read", fault=type(odd).__name__, line=place.lineno, name=place.name)
        raise BadAnswer("This is not an answer to the question.") from None


def rounded_answer(question: Question, number: Decimal, text: str) -> dict[str, Any]:
    """Return what the script gets once the person has agreed to the rounded number.

    `number` is that of Rounds, and `text` what the person had typed.
    """
    currency = ""
    if question.format == Format.AMOUNT:
        found = read_amount(text, question.language)
        currency = str(question.rules.get("Currency") or "") or (found[1] if found else "")
        return {**_numeral(question, text, number, currency), "Currency": currency}
    return _numeral(question, text, number)


def read_strictly(question: Question, answer: Any) -> Any:
    """Do what read_answer does, without hiding a fault of ours: for tests of the readers."""
    if answer is None or answer == [] or (isinstance(answer, str) and not answer.strip()):
        if question.rules.get("Nullable"):
            return None
        raise BadAnswer(_MISSING.get(question.format, "Please answer this."))
    return _READERS[question.format](question, answer)


def _text_of(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, str | int):
        raise BadAnswer("This is not an answer to the question.")
    return str(answer).strip()


def _text(question: Question, answer: Any) -> str:
    text = _text_of(answer)
    _check_length(question, len(text), "characters")
    pattern = str(question.rules.get("Pattern") or "")
    if pattern.lower() in ADDRESSES:
        try:
            return str(ADDRESSES[pattern.lower()](text))
        except ValueError:
            raise BadAnswer(f"Please type an {pattern} address.") from None
    if pattern and not matches(pattern, text):
        raise BadAnswer("This does not have the form that is asked for.")
    return text


def _digits(question: Question, answer: Any) -> str:
    text = _text_of(answer)
    if not (text.isascii() and text.isdigit()):
        raise BadAnswer("Please type digits only.")
    _check_length(question, len(text), "digits")
    return text


def _check_length(question: Question, length: int, what: str) -> None:
    fewest, most = question.number("MinLength"), question.number("MaxLength")
    if fewest is not None and length < fewest:
        raise BadAnswer(f"Please give at least {fewest} {what}.")
    if most is not None and length > most:
        raise BadAnswer(f"Please give at most {most} {what}.")


def _one(question: Question, answer: Any) -> str:
    chosen = _text_of(answer)
    if chosen not in [option["ID"] for option in question.options if "Locator" not in option]:
        raise BadAnswer("Please choose one of the options.")
    return chosen


def _many(question: Question, answer: Any) -> list[str]:
    chosen = [_one(question, each) for each in (answer if isinstance(answer, list) else [answer])]
    if len(set(chosen)) < len(chosen):
        raise BadAnswer("Please choose each option once.")
    _check_length(question, len(chosen), "of the options")
    return [option["ID"] for option in question.options if option["ID"] in chosen]


def _quantity(question: Question, answer: Any) -> dict[str, Any]:
    text = _text_of(answer)
    number = read_number(text, question.language)
    if number is None:
        raise BadAnswer("Please type a number.")
    return _numeral(question, text, _exact(question, number, 0))


def _amount(question: Question, answer: Any) -> dict[str, Any]:
    text = _text_of(answer)
    found = read_amount(text, question.language)
    if found is None:
        raise BadAnswer("Please type an amount.")
    number, currency = found
    wanted = str(question.rules.get("Currency") or "")
    if wanted and currency not in ("", wanted):
        raise BadAnswer(f"Please give the amount in {wanted}.")
    currency = wanted or currency
    shown = _numeral(question, text, _exact(question, number, 2, currency), currency)
    return {**shown, "Currency": currency}


def _exact(question: Question, number: Decimal, usual: int, currency: str = "") -> Decimal:
    precision = question.number("Precision")
    short = rounded(number, usual if precision is None else precision)
    _check_bounds(question, number, Decimal)
    if short != number:
        _check_bounds(question, short, Decimal)
        raise Rounds(short, pretty(short, question.language, currency))
    return short


def _numeral(question: Question, text: str, number: Decimal, currency: str = "") -> dict[str, Any]:
    shown = pretty(number, question.language, currency)
    return {
        "Text": text,
        "Decimal": number,
        "Pretty": shown,
        "Locale": question.language,
        "$": shown,
    }


def _check_bounds(question: Question, value: Any, read: Callable[[str], Any]) -> None:
    low, high = question.rules.get("MinValue"), question.rules.get("MaxValue")
    if low is not None and value < read(str(low)):
        raise BadAnswer(f"Please answer {low} or more.")
    if high is not None and value > read(str(high)):
        raise BadAnswer(f"Please answer {high} or less.")


def _stars(question: Question, answer: Any) -> int:
    text = _text_of(answer)
    if text not in ("1", "2", "3", "4", "5"):
        raise BadAnswer("Please give one to five stars.")
    _check_bounds(question, Decimal(text), Decimal)  # a bound may be 1.5
    return int(text)


def _date(question: Question, answer: Any) -> str:
    text = _text_of(answer)
    value = as_date(text)
    if value is None:
        raise BadAnswer("Please give a date, such as 2026-05-01.")
    _check_bounds(question, value, date.fromisoformat)
    return value.isoformat()


def _time(question: Question, answer: Any) -> str:
    value = as_clock(_text_of(answer))
    if value is None:
        raise BadAnswer("Please give a time of day, such as 18:30.")
    _check_bounds(question, value, time.fromisoformat)
    return value.isoformat("seconds" if value.second else "minutes")


def as_date(text: str) -> date | None:
    """Return the date of `2026-05-01`; None for anything else."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def as_clock(text: str) -> time | None:
    """Return the time of day of `18:30` or `18:30:00`; None for anything else."""
    try:
        return time.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def shaped(text: str, pattern: str, output: str) -> str:
    """Return `output` with `\\1` for the first group of `pattern` in `text`, and `\\0` for all."""
    plain = not pattern or pattern.lower() in ADDRESSES
    found = [text] if plain else (groups(pattern, text) or [text])

    def part(match: re.Match[str]) -> str:
        number = int(match[1])
        return found[number] if number < len(found) else ""

    return re.sub(r"\\(\d)", part, output)


_MISSING: dict[str, str] = {
    Format.TEXT: "Please type something.",
    Format.ONE: "Please choose one of the options.",
    Format.MANY: "Please choose at least one of the options.",
}
_READERS: dict[str, Callable[[Question, Any], Any]] = {
    Format.TEXT: _text,
    Format.DIGITS: _digits,
    Format.ONE: _one,
    Format.MANY: _many,
    Format.QUANTITY: _quantity,
    Format.AMOUNT: _amount,
    Format.STARS: _stars,
    Format.DATE: _date,
    Format.TIME: _time,
}
