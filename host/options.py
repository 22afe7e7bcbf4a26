"""Options of prompts, in every form a script may write them (script language 2.9)."""

from __future__ import annotations

import re
from typing import Any

from host.errors import bad_prompt
from messaging.syntax import parse_locator
from scripts.language.values import to_text

SECTION = "\u00a7"
KEEP = "\u00b4"  # around words that are not translated; never shown
LIMIT = 250
_MARK = re.compile(r"(?:(?<=\s)|^)/(\w+)|\[([^\]\s]+)\]")


def read_options(value: Any) -> list[dict[str, str]]:
    """Return options as [{ID, Title, Locator?}].

    From texts, with `/Word` or `[Word]` for the id and a locator behind `§`; from a map of ids and
    titles; or from a list of maps, of which the first property is the id and the second the title.
    Raises ScriptError for what is none, and beyond the limits of the protocol.
    """
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        options = [_titled(str(key), to_text(title)) for key, title in value.items()]
    else:
        options = [_read(part) for part in (value if isinstance(value, list) else [value])]
    _check(options)
    return options


def _read(part: Any) -> dict[str, str]:
    if not isinstance(part, dict):
        return _marked(to_text(part))
    values = list(part.values())
    if not values:
        raise bad_prompt("an option is an empty map")
    return _titled(to_text(values[0]), to_text(values[1] if len(values) > 1 else values[0]))


def _titled(identity: str, text: str) -> dict[str, str]:
    return {**_marked(text), "ID": identity}


def _marked(text: str) -> dict[str, str]:
    shown, section, locator = text.partition(SECTION)
    mark = _MARK.search(shown)
    title = _MARK.sub(lambda found: found[1] or found[2], shown, count=1)
    title = " ".join(title.replace(KEEP, "").split())
    option = {"ID": (mark[1] or mark[2]) if mark else title, "Title": title}
    if section:
        option["Locator"] = _locator(locator.strip())
    return option


def _locator(text: str) -> str:
    try:
        parse_locator(text)
    except ValueError:
        raise bad_prompt(f"{text[:80]!r} behind {SECTION} is not a locator") from None
    return text


def _check(options: list[dict[str, str]]) -> None:
    if len(options) > LIMIT:
        raise bad_prompt(f"a prompt has at most {LIMIT} options")
    for option in options:
        if not option["ID"] or max(len(option["ID"]), len(option["Title"])) >= LIMIT:
            raise bad_prompt(f"an option's id and title have 1 to {LIMIT - 1} characters")
    if len({option["ID"] for option in options}) < len(options):
        raise bad_prompt("two options have the same id")
