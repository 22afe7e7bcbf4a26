"""The values of the language, how they are stored between segments, and how they read as text."""

from __future__ import annotations

import json
import math
import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from scripts.language.errors import ScriptError
from scripts.language.work import spend_on

HEADER_NAMES = {
    "From": "From",
    "To": "To",
    "Subject": "Subject",
    "Correlation": "Correlation",
    "Timestamp": "Timestamp",
    "DKIM": "Selector",
    "Selector": "Selector",
}
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d))?"
)
_PERIOD = re.compile(r"(\d{1,9})\s*(second|minute|hour|day|week|month|year)s?", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,9}(?::\d{1,2}){0,2}")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Item(dict[str, Any]):
    """A dataset row: its fields, and where they came from. Property names ignore case.

    `version` counts the changes of rows of operators' datasets; it is 0 for others.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        *,
        set: str,
        key: str,
        state: str = "",
        version: int = 0,
    ) -> None:
        super().__init__(fields)
        self.set = set
        self.key = key
        self.state = state
        self.version = version

    def but(self, fields: Mapping[str, Any]) -> Item:
        """Return the same row with other fields."""
        return Item(fields, set=self.set, key=self.key, state=self.state, version=self.version)


class MessageView(dict[str, Any]):
    """A message as `$.Msg`: whole, or by the short names of 3.5.

    A name of the header is only ever the header's, whatever a sender puts into the body.
    """

    def short(self, name: str) -> Any:
        """Return what `$.Msg.{name}` means; empty when there is none."""
        if name in ("Header", "Body", "Hash", "Signature"):
            return self.get(name)
        if name in HEADER_NAMES:
            return (self.get("Header") or {}).get(HEADER_NAMES[name])
        return (self.get("Body") or {}).get(name)


def encode(value: Any) -> Any:
    """Return a value as JSON, tagged where JSON has no such type. Raises TypeError for others."""
    if isinstance(value, datetime):
        return {"$time": value.astimezone(UTC).isoformat()}
    if isinstance(value, Decimal):
        return {"$num": str(value)}
    if isinstance(value, Item):
        fields = {key: encode(part) for key, part in value.items()}
        # A fifth part only where there is one: the code before this release reads four.
        version = [value.version] if value.version else []
        return {"$item": [value.set, value.key, value.state, fields, *version]}
    if isinstance(value, MessageView):
        return {"$message": dict(value)}
    if isinstance(value, dict):
        plain = {str(key): encode(part) for key, part in value.items()}
        return {"$map": plain} if any(key.startswith("$") for key in plain) else plain
    if isinstance(value, list | tuple):
        return [encode(part) for part in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return {"$num": repr(value)}  # of a peer's JSON; scripts have decimals only
    raise TypeError(f"{type(value).__name__} is not a value of the language")


def decode(stored: Any) -> Any:
    """Return the value that `encode` stored."""
    if isinstance(stored, list):
        return [decode(part) for part in stored]
    if not isinstance(stored, dict):
        return stored
    if len(stored) == 1:
        [(tag, inner)] = stored.items()
        if tag == "$time":
            return datetime.fromisoformat(inner)
        if tag == "$num":
            return Decimal(inner)
        if tag == "$item":
            name, key, state, fields, *version = inner
            return Item(
                {k: decode(v) for k, v in fields.items()},
                set=name,
                key=key,
                state=state,
                version=version[0] if version else 0,
            )
        if tag == "$message":
            return MessageView(inner)
        if tag == "$map":
            return {key: decode(part) for key, part in inner.items()}
    return {key: decode(part) for key, part in stored.items()}


def is_empty(value: Any) -> bool:
    """Unset, blank text, no items: empty. Zero and False are not (4.7)."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | dict) and not value


def truth(value: Any) -> bool:
    """A Bool is itself; everything else is true when it is not empty (4.7)."""
    return value if isinstance(value, bool) else not is_empty(value)


def to_text(value: Any) -> str:
    """Return a value as text in its canonical form; empty is the empty text (4.3)."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        form = "%Y-%m-%dT%H:%M:%SZ" if not moment.microsecond else "%Y-%m-%dT%H:%M:%S.%fZ"
        return moment.strftime(form)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict) and "$" in value:
        return to_text(value["$"])
    if isinstance(value, dict | list):
        spend_on(value)
        return json.dumps(_readable(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _readable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return value if value is None or isinstance(value, bool | int) else to_text(value)


def to_number(value: Any) -> Decimal | None:
    """Return a number or number text as a decimal; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,40}(\.\d{1,40})?\s*", value):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return None
    return None


def parse_time(value: Any) -> datetime | None:
    """Return an absolute time (UTC), given as one or as text; None for anything else."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    text = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    text += f".{fraction:0<6}" if fraction else ""
    try:
        moment = datetime.fromisoformat(text + ("+00:00" if zone in (None, "Z") else zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_period(value: Any) -> bool:
    """Say whether a value is the text of a period, such as `3 hours` or `0:30`."""
    if not isinstance(value, str):
        return False
    return bool(_PERIOD.fullmatch(value.strip()) or _CLOCK.fullmatch(value.strip()))


def advance(moment: datetime, period: str, sign: int = 1) -> datetime:
    """Return `moment` moved by a period; months and years end on the last day of the month.

    Raises ScriptError when the text is no period or the time is out of range.
    """
    text = period.strip()
    match = _PERIOD.fullmatch(text)
    try:
        if match is None:
            return moment + sign * _clock_period(text)
        count, unit = int(match[1]) * sign, match[2].lower()
        if unit in _SECONDS:
            return moment + timedelta(seconds=count * _SECONDS[unit])
        return _add_months(moment, count * (12 if unit == "year" else 1))
    except (OverflowError, ValueError):
        raise ScriptError(f"the period {text} leads out of time", kind="type") from None


def _clock_period(text: str) -> timedelta:
    """One part is seconds, two are minutes and seconds, three are hours, minutes, seconds."""
    if not _CLOCK.fullmatch(text):
        raise ScriptError(f"{text!r} is not a period", kind="type")
    seconds = 0
    for part in text.split(":"):
        seconds = seconds * 60 + int(part)
    return timedelta(seconds=seconds)


def _add_months(moment: datetime, count: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(index, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def as_time(value: Any, now: datetime) -> datetime:
    """Return an absolute time (UTC) from a time, its text, or a period from `now`.

    Raises ScriptError for anything else.
    """
    moment = parse_time(value)
    if moment is not None:
        return moment
    if is_period(value):
        return advance(now, value)
    raise ScriptError(f"{to_text(value)!r} is neither a time nor a period", kind="type")
