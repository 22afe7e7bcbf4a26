"""Where a segment has gone, for the run's log: lines, and the holders that it changed.

Written for people and never read to resume. It costs no look at any value that stayed as it was:
values are never changed in place (3.7), so another object is another value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.conf import settings

from scripts.language.continuation import Continuation, Frame
from scripts.language.values import Item, to_text

CHARACTERS = 80  # of one value
HOLDERS = 20  # of one segment
HIDDEN = "(hidden)"
SECRETS = re.compile(r"secret|password|passphrase|private|credential|seed|pin$|otp$|code$", re.I)
_MISSING = object()


class Trail:
    """What a segment starts with; `summary` says what became of it."""

    def __init__(self, continuation: Continuation) -> None:
        self.continuation = continuation
        self.before = {id(frame): (frame, dict(frame.holders)) for frame in _frames(continuation)}

    def summary(self) -> dict[str, Any]:
        """Return {"path": [[version, script, [line, ...]], ...], "set": {holder: text}}.

        Versions are shortened. A key without content is left out.
        """
        said: dict[str, Any] = {}
        path = [
            [version[:12], script, [line for line, _ in groupby(place[2] for place in places)]]
            for (version, script), places in groupby(
                self.continuation.trail, key=lambda place: place[:2]
            )
        ]
        if path:
            said["path"] = path
        changed = dict(self._changed())
        if changed:
            said["set"] = changed
        return said

    def _changed(self) -> Iterator[tuple[str, str]]:
        frames = {id(frame): frame for frame in _frames(self.continuation)}
        frames.update({key: frame for key, (frame, _) in self.before.items()})
        left = HOLDERS
        for key, frame in frames.items():
            known = self.before[key][1] if key in self.before else {}
            for name, value in frame.holders.items():
                if known.get(name, _MISSING) is value or name.startswith("."):
                    continue
                if not left:
                    return
                left -= 1
                yield name, _told(name, value)


def _frames(continuation: Continuation) -> Iterator[Frame]:
    for frame in continuation.frames:
        yield frame
        for branch in frame.branches or []:
            yield from _frames(branch)


def _told(name: str, value: Any) -> str:
    """Return a value as the log shows it: short, and of maps only what they are made of."""
    if not settings.TRACE_VALUES or SECRETS.search(name):
        return HIDDEN
    if isinstance(value, Item):
        return f"{value.set} {value.key}" + (f" {value.state}" if value.state else "")
    if isinstance(value, dict):
        text = "{" + ", ".join(value) + "}"
    elif isinstance(value, list):
        text = f"{len(value)} items"
    else:
        text = to_text(value)
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 3] + "..."
