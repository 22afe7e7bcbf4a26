"""Checks 7 and 8: a genuine message that was changed on its way, with and without a new hash."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any
from uuid import uuid4

from messaging import clock
from messaging.canonical import sha256_hex
from messaging.refusals import Reason
from messaging.syntax import format_time
from tests.forged.case import Case
from tests.forged.scene import CHARLIE, GYM, LEFT_OUT, THEATRE, Scene, canonical

BODY: dict[str, Any] = {
    "another answer": {"Answer": "ACCEPTED"},
    "a key more": {"Reason": "EXPIRED"},
    "a key less": {"Answer": LEFT_OUT},
    "another token": {"Token": "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"},
    "a list instead of a text": {"Answer": ["DECLINED"]},
    "a blank more": {"Answer": "DECLINED "},
    "another case": {"Answer": "Declined"},
    "true instead of 1": {"Count": True},
    "text instead of a number": {"Count": "1"},
    "an accent taken apart": {"Note": unicodedata.normalize("NFD", "Caf\u00e9")},
    "null instead of nothing": {"Comment": None},
}


def later() -> str:
    """Return a time inside the window that is not the moment of signing."""
    return format_time(clock.now() + timedelta(seconds=20))


HEADER: dict[str, Any] = {
    "another recipient": {"To": GYM},
    "the recipient's name in capitals": {"To": THEATRE.upper()},
    "another sender": {"From": GYM},
    "the sender's name in capitals": {"From": "BROKER.TEST"},
    "another correlation": {"Correlation": str(uuid4())},
    "a later time": {"Timestamp": later},
    "another subject": {"Subject": "Hello@Host"},
}


def signed(scene: Scene) -> dict[str, Any]:
    return scene.genuine(scene.body(Count=1, Note="Caf\u00e9"))


def merged(value: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return the value with changes, of which functions are asked now."""
    new = {name: part() if callable(part) else part for name, part in change.items()}
    return {name: part for name, part in {**value, **new}.items() if part is not LEFT_OUT}


def changed(part: str, change: dict[str, Any], *, rehashed: bool) -> Any:
    def make(scene: Scene) -> dict[str, Any]:
        value = signed(scene)
        value[part] = merged(value[part], change)
        if rehashed:
            content = {"Header": value["Header"], "Body": value["Body"]}
            value["Hash"] = sha256_hex(canonical(content))
        return value

    return make


def hash_of(make_bytes: Any) -> Any:
    """Give a hash of something else than the canonical bytes."""
    return lambda scene: (value := signed(scene)) | {"Hash": sha256_hex(make_bytes(value))}


def without_body(scene: Scene) -> dict[str, Any]:
    value = signed(scene)
    del value["Body"]
    return value


PARTS = [("Body", "body", BODY), ("Header", "header", HEADER)]
CASES = [
    *[
        Case(f"changed {word}: {name}", changed(part, change, rehashed=False), Reason.HASH)
        for part, word, table in PARTS
        for name, change in table.items()
    ],
    *[
        Case(
            f"changed {word}, new hash: {name}",
            changed(part, change, rehashed=True),
            Reason.SIGNATURE,
        )
        for part, word, table in PARTS
        for name, change in table.items()
        if name != "another sender"
    ],
    Case(
        "changed header, new hash: another sender, and its selector",
        changed("Header", {"From": CHARLIE}, rehashed=True),
        Reason.SIGNATURE,
    ),
    Case("changed body: taken away", without_body, Reason.HASH),
    Case("hash: of nothing", hash_of(lambda value: b""), Reason.HASH),
    Case("hash: of the body alone", hash_of(lambda value: canonical(value["Body"])), Reason.HASH),
    Case("hash: all zeros", lambda s: signed(s) | {"Hash": "0" * 64}, Reason.HASH),
]
