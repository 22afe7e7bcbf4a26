"""Text as people see it: characters, emoji, bullets, and the marks of what is not translated."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from wcwidth import iter_graphemes
from wcwidth.table_grapheme import EXTENDED_PICTOGRAPHIC

from scripts.functions.function import Context, Function
from scripts.functions.kinds import limit
from scripts.language.cost import Cost
from scripts.language.limits import limits
from scripts.language.values import is_empty, to_text
from scripts.language.work import spend

# Characters that never join with others, each of them one that people count: Latin, Greek,
# Cyrillic, punctuation, Japanese, Chinese, Korean.
_SINGLE = re.compile(
    "[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e"
    "\u20a0-\u20bf\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3\n\t]*"
)
KEEP = "\u00b4"
_STARTS = [first for first, _ in EXTENDED_PICTOGRAPHIC]
_EMOJI_FACE = "\ufe0f"
_KEYCAP = "\u20e3"
_FLAGS = range(0x1F1E6, 0x1F200)


def graphemes(text: str) -> list[str]:
    """Return the characters of a text as people count them."""
    if _SINGLE.fullmatch(text):
        return list(text)
    spend(3 * len(text))
    return list(iter_graphemes(text))


def bounded_text(text: str) -> str:
    """Return a text that is not too long. Raises ScriptError."""
    if len(text) > limits.text_characters:
        raise limit("the text is too long")
    return text


def is_emoji(text: str) -> bool:
    """Say whether a text is one emoji: one grapheme that is shown as a picture."""
    if text.isascii() or len(text) > 40 or len(graphemes(text)) != 1:
        return False
    first = ord(text[0])
    if first in _FLAGS:
        return len(text) == 2
    if text[0] in "#*0123456789":
        return text.endswith(_KEYCAP)
    at = bisect_right(_STARTS, first) - 1
    pictographic = at >= 0 and first <= EXTENDED_PICTOGRAPHIC[at][1]
    # What lies below needs the mark that asks for a picture: a copyright sign is text without.
    return pictographic and (first >= 0x231A or _EMOJI_FACE in text)


def emoji_run(text: str) -> list[str]:
    """Return the emoji of a text that is nothing but two or more of them, else nothing."""
    if text.isascii() or len(text) > 1000:
        return []
    parts = graphemes(text)
    return parts if len(parts) > 1 and all(map(is_emoji, parts)) else []


def is_emoji_(context: Context, subject: Any) -> bool:
    return isinstance(subject, str) and is_emoji(subject)


def length(context: Context, subject: Any) -> int:
    """Characters of a text, items of a list, pairs of a map; nothing has length 0."""
    if is_empty(subject):
        return 0
    if isinstance(subject, list | dict):
        return len(subject)
    return len(graphemes(to_text(subject)))


def markdown(context: Context, subject: Any) -> str:
    """A list or map as bullets; anything else as its text."""
    return bounded_text("\n".join(_bullets(subject, 0)))


def _bullets(value: Any, depth: int) -> list[str]:
    if not isinstance(value, list | dict) or (isinstance(value, dict) and "$" in value):
        return [to_text(value)]
    pairs = value.items() if isinstance(value, dict) else [("", part) for part in value]
    lines: list[str] = []
    for name, part in pairs:
        mark = "  " * depth + "- " + (f"{name}:" if name else "")
        nested = isinstance(part, list | dict) and not is_empty(part)
        if not nested or (isinstance(part, dict) and "$" in part):
            lines.append(f"{mark} {to_text(part)}".rstrip() if name else mark + to_text(part))
        else:
            lines += [mark.rstrip() if name else mark + "\u2022", *_bullets(part, depth + 1)]
    return lines


def translate(context: Context, subject: Any, *languages: Any) -> Any:
    """The text without the accents that keep a part from being translated.

    There is no translator in this release: whatever the languages, the words stay.
    """
    if is_empty(subject):
        return None
    if isinstance(subject, list):
        return [translate(context, part) for part in subject]
    return to_text(subject).replace(KEEP, "")


FUNCTIONS = {
    "IsEmoji": Function(
        is_emoji_, test=True, signature="t.IsEmoji", about="Whether it is exactly one emoji."
    ),
    "Length": Function(
        length,
        cost=Cost.FLAT,
        signature="x.Length",
        about="How many characters a text has, items a list, pairs a map; 0 of nothing.",
    ),
    "Markdown": Function(
        markdown, whole=True, signature="v.Markdown", about="A list or a map as bullets."
    ),
    "Size": Function(length, cost=Cost.FLAT, signature="x.Size", about="The same as Length."),
    "Translate": Function(
        translate,
        0,
        2,
        signature="t.Translate\nt.Translate(from, to)",
        about="The text without its acute accents; this release has no translator of free text.",
    ),
}
