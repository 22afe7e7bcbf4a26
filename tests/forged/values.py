"""Check 2: contents that have no canonical bytes, though a lenient signer would sign them."""

from __future__ import annotations

from typing import Any

from messaging.refusals import Reason
from tests.forged.case import Case

VALUES: dict[str, Any] = {
    "a float": 1.5,
    "a whole float": 1.0,
    "a small float": 1e-7,
    "a float in a list": [[{"A": [0.1]}]],
    "an integer of 2^53": 2**53,
    "a negative integer of 2^53": -(2**53),
    "an integer of 2^64": 2**64,
    "an integer of three hundred digits": 10**300,
    "half a surrogate pair": "\ud800",
    "the other half": "\udfff",
    "the halves in the wrong order": "\ude00\ud83d",
    "half a pair as a key": {"\ud800": 1},
    "a zero byte": "a\x00b",
    "a zero byte in a key": {"a\x00": 1},
    "a key that is not ASCII": {"Caf\u00e9": 1},
    "a key that only looks like Token": {"\u03a4oken": 1},
}


def holding(value: Any) -> Any:
    """Sign a message that holds the value; half a pair is signed as its code units are."""
    return lambda scene: scene.genuine(scene.body(Note=value))


CASES = [Case(f"value: {name}", holding(value), Reason.SHAPE) for name, value in VALUES.items()]
