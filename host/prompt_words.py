"""The words that say and ask: their parameters, and what each gives to a script."""

from __future__ import annotations

from host.prompts import answered, ask, confirmed, picked, tell
from host.states import Format
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command

_TEXT = (
    Parameter("Text", Kind.TEMPLATE, required=True, about="below 250 characters"),
    Parameter("Details", Kind.TEMPLATE, about="Markdown, shown folded; below 2500 characters"),
    Parameter("Emoji", Kind.TEMPLATE, about="the face beside the question"),
    Parameter("Appendix", Kind.FIELDS, about="a file: Type, Content, and Name or Pages"),
)
_OPTIONS = Parameter("Options", Kind.LIST, about="what may be chosen, at most 250")
_ASKS = (
    *_TEXT,
    Parameter("Default", Kind.VALUE, about="what is filled in, or highlighted"),
    Parameter("Expires", Kind.VALUE, about="how long it is asked; a day if not given"),
)
_NULLABLE = Parameter("Nullable", Kind.VALUE, about="the answer may be empty")
_LENGTHS = (
    Parameter("MinLength", Kind.VALUE, about="how many at least"),
    Parameter("MaxLength", Kind.VALUE, about="how many at most"),
)
_BOUNDS = (
    Parameter("MinValue", Kind.VALUE, about="the lowest answer"),
    Parameter("MaxValue", Kind.VALUE, about="the highest answer"),
)
_PRECISION = Parameter("Precision", Kind.VALUE, about="digits behind the point")


def _status(word: str, about: str) -> Command:
    spec = CommandSpec(word=word, main="Text", parameters=(*_TEXT, _OPTIONS), about=about)
    return Command(spec, tell, picked)


def _input(word: str, about: str, *parameters: Parameter) -> Command:
    spec = CommandSpec(
        word=word,
        main="Text",
        parameters=(*_ASKS, _NULLABLE, *parameters),
        suspends=True,
        answers=True,
        about=about,
    )
    return Command(spec, ask, answered)


def _choice(word: str, about: str, *parameters: Parameter) -> Command:
    options = Parameter("Options", Kind.LIST, required=True, about=_OPTIONS.about)
    return _input(word, about, options, *parameters)


CONFIRM = Command(
    CommandSpec(
        word="CONFIRM",
        main="Text",
        parameters=_ASKS,
        suspends=True,
        pairs=True,
        answers=True,
        about="Ask yes or no; a no that the script does not look at ends the whole run.",
    ),
    ask,
    confirmed,
)
WORDS: dict[str, Command] = {
    Format.INFO.value: _status("INFO", "Say something."),
    Format.TEMP.value: _status("TEMP", "Say something until the next prompt comes."),
    Format.DONE.value: _status("DONE", "Say that all is done: the phone may be put away."),
    Format.FAIL.value: _status("FAIL", "Say that something went wrong; the script goes on."),
    Format.CONFIRM.value: CONFIRM,
    Format.ONE.value: _choice("ONE", "Let the person choose one option; gives its id."),
    Format.MANY.value: _choice(
        "MANY", "Let the person choose options; gives the list of their ids.", *_LENGTHS
    ),
    Format.TEXT.value: _input(
        "TEXT",
        "Ask for a text.",
        *_LENGTHS,
        Parameter("Pattern", Kind.NAME, about="a regular expression, or IPv4 or IPv6"),
        Parameter("Output", Kind.NAME, about="what to make of it: \\1 is Pattern's first group"),
    ),
    Format.DIGITS.value: _input("DIGITS", "Ask for digits; leading zeros are kept.", *_LENGTHS),
    Format.QUANTITY.value: _input(
        "QUANTITY",
        "Ask for a number; gives Text, Decimal, Pretty and Locale.",
        *_BOUNDS,
        _PRECISION,
    ),
    Format.AMOUNT.value: _input(
        "AMOUNT",
        "Ask for an amount of money; gives what QUANTITY does, and Currency.",
        *_BOUNDS,
        _PRECISION,
        Parameter("Currency", Kind.VALUE, about="three letters, such as EUR"),
    ),
    Format.STARS.value: _input("STARS", "Ask for one to five stars; gives the number.", *_BOUNDS),
    Format.DATE.value: _input("DATE", "Ask for a day, such as 2026-05-01.", *_BOUNDS),
    Format.TIME.value: _input("TIME", "Ask for a time of day, such as 18:30.", *_BOUNDS),
}
