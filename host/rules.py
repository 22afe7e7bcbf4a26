"""What a script says of the answer it wants, checked when the prompt is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from host.answers import ADDRESSES, as_clock, as_date
from host.errors import bad_prompt
from host.states import Format
from scripts.language.patterns import matches
from scripts.language.values import as_time, is_empty, to_number, to_text

LENGTHS = ("MinLength", "MaxLength")
BOUNDS = ("MinValue", "MaxValue")
FINEST = 12  # digits behind the point
SHORT = 250


def read_rules(format: str, arguments: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the rules of a prompt by the names of docs/prompts.md. Raises ScriptError."""
    rules: dict[str, Any] = {}
    for name in (*LENGTHS, "Precision"):
        if not is_empty(arguments.get(name)):
            rules[name] = _whole(name, arguments[name])
    for name in BOUNDS:
        if not is_empty(arguments.get(name)):
            rules[name] = _BOUND.get(format, _number)(name, arguments[name], now)
    for name in ("Pattern", "Currency"):
        if not is_empty(arguments.get(name)):
            rules[name] = _CHECKED[name](to_text(arguments[name]).strip())
    if _is_true(arguments.get("Nullable")):
        rules["Nullable"] = True
    default = arguments.get("Default")
    if isinstance(default, list):
        rules["Default"] = [to_text(part) for part in default]
    elif len(to_text(default)) >= SHORT:
        rules["Default"] = to_text(default)
    _check_order(rules)
    return rules


def _is_true(value: Any) -> bool:
    return value is True or to_text(value).strip().lower() in ("true", "yes")


def _whole(name: str, value: Any) -> int:
    number = to_number(value)
    if number is None or number != number.to_integral_value() or not 0 <= number <= 5000:
        raise bad_prompt(f"{name} is a whole number from 0 to 5000, not {to_text(value)[:40]!r}")
    if name == "Precision" and number > FINEST:
        raise bad_prompt(f"Precision is at most {FINEST}")
    return int(number)


def _number(name: str, value: Any, now: datetime) -> str:
    number = to_number(value)
    if number is None:
        raise bad_prompt(f"{name} is a number, not {to_text(value)[:40]!r}")
    return format(number, "f")


def _date(name: str, value: Any, now: datetime) -> str:
    """A date, a time, or a period from now; the day is that of UTC."""
    text = to_text(value).strip()
    found = as_date(text)
    return (found or as_time(value, now).date()).isoformat()


def _clock(name: str, value: Any, now: datetime) -> str:
    text = to_text(value).strip()
    if as_clock(text) is None:
        raise bad_prompt(f"{name} is a time of day, such as 18:30, not {text[:40]!r}")
    return text


def _pattern(text: str) -> str:
    if text.lower() in ADDRESSES:
        return {"ipv4": "IPv4", "ipv6": "IPv6"}[text.lower()]
    matches(text, "")  # raises for one that cannot be used, before anybody is asked
    return text


def _currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise bad_prompt(f"Currency has three letters, such as EUR, not {text[:40]!r}")
    return text.upper()


def _check_order(rules: Mapping[str, Any]) -> None:
    fewest, most = rules.get("MinLength"), rules.get("MaxLength")
    if fewest is not None and most is not None and fewest > most:
        raise bad_prompt("MinLength is more than MaxLength: nothing could be answered")


_BOUND: dict[str, Callable[[str, Any, datetime], str]] = {
    Format.DATE: _date,
    Format.TIME: _clock,
}
_CHECKED: dict[str, Callable[[str], str]] = {"Pattern": _pattern, "Currency": _currency}
