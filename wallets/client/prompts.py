"""What a host may put before the person: known fields of the right type, without tricks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from wallets.client.errors import Untrusted

STATUS = frozenset({"INFO", "TEMP", "DONE", "FAIL"})
INPUTS = frozenset(
    ["CONFIRM", "ONE", "MANY", "TEXT", "DIGITS", "QUANTITY", "AMOUNT", "STARS", "DATE", "TIME"]
)
_TEXTS = ("MinValue", "MaxValue", "Pattern", "Currency")
_COUNTS = ("MinLength", "MaxLength", "Precision")

# They turn the direction of writing around, so that what is read is not what was sent.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, *, lines: bool = False) -> str:
    """Return text that cannot command a terminal or rearrange itself; one line unless `lines`."""
    kept = "\n" if lines else ""
    return "".join(
        character if character in kept or unicodedata.category(character) != "Cc" else " "
        for character in text
        if character not in _TURNING
    )


def read_content(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a Prompted@Host answer says (docs/prompts.md), without what is malformed.

    Nothing else is taken over: who asks, and what was answered, is the wallet's own knowledge.
    Raises Untrusted for an answer without text or with malformed options.
    """
    text = answer.get("Text")
    if not isinstance(text, str):
        raise Untrusted("a prompt without text")
    content: dict[str, Any] = {"Text": printable(text)}
    for name in ("Details", "Default"):
        value = answer.get(name)
        if isinstance(value, str) and value:
            content[name] = printable(value, lines=True)
    if isinstance(answer.get("Default"), list):
        content["Default"] = [printable(str(part)) for part in answer["Default"]]
    for name in _TEXTS:
        if isinstance(answer.get(name), str) and answer[name]:
            content[name] = printable(answer[name])
    for name in _COUNTS:
        if type(answer.get(name)) is int:
            content[name] = answer[name]
    if answer.get("Nullable") is True:
        content["Nullable"] = True
    options = answer.get("Options") or []
    if not isinstance(options, list):
        raise Untrusted("a prompt whose options are no list")
    if options:
        content["Options"] = [_option(option) for option in options]
    appendix = answer.get("Appendix")
    if isinstance(appendix, dict) and isinstance(appendix.get("Key"), str):
        labels = {name: printable(str(appendix.get(name, ""))) for name in ("Name", "Type")}
        content["Appendix"] = {"Key": appendix["Key"], **labels}
    return content


def _option(option: object) -> dict[str, str]:
    fields = option if isinstance(option, dict) else {}
    name, title = fields.get("ID"), fields.get("Title") or fields.get("ID")
    if not isinstance(name, str) or not isinstance(title, str):
        raise Untrusted("a prompt with an option that is none")
    shown = {"ID": name, "Title": printable(title)}
    locator = fields.get("Locator")
    return {**shown, "Locator": printable(locator)} if isinstance(locator, str) else shown
