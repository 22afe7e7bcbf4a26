"""What a script may hold: plain data, seen after every step that a test takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from scripts.language.continuation import Continuation, Frame
from scripts.language.values import Item, MessageView

LEAVES = (type(None), bool, int, str, Decimal, datetime)
MAPS = (dict, Item, MessageView)
Seen = dict[int, Any]


def odd_values(continuation: Continuation, seen: Seen | None = None) -> Iterator[str]:
    """Yield where a run holds something else than data: exact types, no class made from them.

    `seen` remembers containers that were found plain, alive; no value is changed once it is made.
    """
    seen = {} if seen is None else seen
    held = [("waiting", continuation.waiting), ("answer", continuation.answer)]
    for frame in continuation.frames:
        held += _held(frame)
    for name, value in held:
        yield from (f"{name}{path} is a {kind}" for path, kind in _odd(value, seen))
    for frame in continuation.frames:
        for branch in frame.branches or []:
            yield from odd_values(branch, seen)


def _held(frame: Frame) -> list[tuple[str, Any]]:
    written = frame.written or {}
    return [
        ("inputs", frame.inputs),
        ("holders", frame.holders),
        *(("block", block) for block in frame.blocks),
        *((f"written {name}", [each.value, each.part]) for name, each in written.items()),
    ]


def _odd(value: Any, seen: Seen, path: str = "") -> Iterator[tuple[str, str]]:
    if type(value) in LEAVES or id(value) in seen:
        return
    found: list[tuple[str, str]] = []
    if type(value) in MAPS:
        found = [(path, f"map with a key {key!r}") for key in value if type(key) is not str]
        for key, part in value.items():
            found += _odd(part, seen, f"{path}.{key}")
    elif type(value) is list:
        for at, part in enumerate(value):
            found += _odd(part, seen, f"{path}[{at}]")
    else:
        found = [(path, type(value).__name__)]
    if not found and id(value) not in seen and not path:
        return
    if not found:
        seen[id(value)] = value
    yield from found
