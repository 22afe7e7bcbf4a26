"""Files that go with prompts: checked when the prompt is made, served when somebody looks."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from host.errors import bad_prompt
from host.states import FileType
from scripts.language.values import to_number, to_text

LARGEST = 150_000  # bytes; as base64 it must fit into one message
_BEGINS = {
    FileType.PNG: b"\x89PNG\r\n\x1a\n",
    FileType.JPEG: b"\xff\xd8\xff",
    FileType.PDF: b"%PDF-",
}


@dataclass(frozen=True)
class File:
    """A file as a script gives it, decoded."""

    name: str
    type: str
    pages: int
    content: bytes


def read_appendix(value: Any) -> File | None:
    """Return the file of {Type, Content (base64), Name?, Pages?}; None when there is none.

    Raises ScriptError when it is not what its Type says, or is too large.
    """
    if not value:
        return None
    if not isinstance(value, dict):
        raise bad_prompt("an Appendix has Type and Content")
    kind = to_text(value.get("Type")).strip().upper()
    if kind not in FileType.values:
        raise bad_prompt(f"an Appendix is a PNG, JPEG or PDF, not {kind[:20] or 'nothing'}")
    content = _decoded(to_text(value.get("Content")))
    if not content.startswith(_BEGINS[FileType(kind)]):
        raise bad_prompt(f"the Appendix is not a {kind} file")
    pages = to_number(value.get("Pages", 1))
    if pages is None or not 1 <= pages <= 10_000:
        raise bad_prompt("an Appendix has 1 to 10000 Pages")
    return File(to_text(value.get("Name"))[:200], kind, int(pages), content)


def _decoded(text: str) -> bytes:
    if len(text) > LARGEST * 4 // 3 + 4:
        raise bad_prompt(f"an Appendix has at most {LARGEST} bytes")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise bad_prompt("the Content of an Appendix is base64") from None
