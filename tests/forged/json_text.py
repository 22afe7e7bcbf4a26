"""Check 1: bytes that are not the one JSON object an inbox takes."""

from __future__ import annotations

import gzip
import json
from typing import Any

from messaging.refusals import Reason
from tests.forged.case import JSON, Case, Request
from tests.forged.scene import Scene, spelt


def twice(part: str, again: str) -> Any:
    """Write `again` directly before the first `part` of a genuine message."""

    def make(scene: Scene) -> bytes:
        text = spelt(scene.genuine()).decode()
        assert part in text
        return text.replace(part, again + part, 1).encode()

    return make


def around(before: bytes, after: bytes) -> Any:
    return lambda scene: before + spelt(scene.genuine()) + after


def with_body(text: str) -> Any:
    """Put a JSON text into the body of a message that is genuine otherwise."""

    def make(scene: Scene) -> bytes:
        value = scene.genuine({"Mark": 1})
        return json.dumps(value).replace('{"Mark": 1}', text).encode()

    return make


def encoded(encoding: str) -> Any:
    return lambda scene: spelt(scene.genuine()).decode().encode(encoding)


def compressed(scene: Scene) -> Request:
    headers = {**JSON, "Content-Encoding": "gzip"}
    return Request(gzip.compress(spelt(scene.genuine())), headers)


def bomb(scene: Scene) -> Request:
    """Ten megabytes of blanks before a genuine message, in ten kilobytes."""
    packed = gzip.compress(b" " * 10_000_000 + spelt(scene.genuine()))
    return Request(packed, {**JSON, "Content-Encoding": "gzip"})


DEEP = 32
MAKERS: dict[str, Any] = {
    "nothing": lambda scene: b"",
    "blanks": lambda scene: b" \n\t ",
    "half a message": lambda scene: spelt(scene.genuine())[:-40],
    "a message and more": around(b"", b" x"),
    "two messages": lambda scene: spelt(scene.genuine()) * 2,
    "a byte order mark": around(b"\xef\xbb\xbf", b""),
    "utf-16": encoded("utf-16"),
    "utf-32": encoded("utf-32"),
    "not utf-8": lambda scene: spelt(scene.genuine()).replace(b"DECLINED", b"D\xffCLINED"),
    "overlong utf-8": lambda scene: spelt(scene.genuine()).replace(b"DECLINED", b"D\xc0\xaf"),
    "a surrogate in utf-8": lambda scene: spelt(scene.genuine()).replace(b"DECL", b"\xed\xa0\x80"),
    "a raw control character": with_body('{"A": "\n"}'),
    "a comment": around(b"/* signed */", b""),
    "a comma too many": lambda scene: spelt(scene.genuine())[:-1] + b",}",
    "single quotes": lambda scene: spelt(scene.genuine()).replace(b'"', b"'"),
    "yaml": lambda scene: b"Header:\n  From: broker.test\n",
    "a python literal": lambda scene: str(scene.genuine()).encode(),
    "form fields": lambda scene: b"Header=1&Body=2",
    "NaN": with_body('{"A": NaN}'),
    "Infinity": with_body('{"A": Infinity}'),
    "minus Infinity": with_body('{"A": -Infinity}'),
    "a number that overflows": with_body('{"A": 1e999}'),
    "a hexadecimal number": with_body('{"A": 0x10}'),
    "a leading zero": with_body('{"A": 010}'),
    "a plus sign": with_body('{"A": +1}'),
    "ten thousand digits": with_body('{"A": ' + "9" * 10_000 + "}"),
    "Header twice": twice('"Header": {', '"Header": {"From": "charlie.test"}, '),
    "Body twice": twice('"Body": {', '"Body": {"Answer": "ACCEPTED"}, '),
    "Signature twice": twice('"Signature": ', '"Signature": "", '),
    "From twice": twice('"From": ', '"From": "charlie.test", '),
    "From twice, once escaped": twice('"From": ', '"\\u0046rom": "charlie.test", '),
    "a key of the body twice": twice('"Answer": ', '"Answer": "ACCEPTED", '),
    "lists in lists": with_body('{"A": ' + "[" * DEEP + "]" * DEEP + "}"),
    "maps in maps": with_body('{"A":' * DEEP + "1" + "}" * DEEP),
    "a hundred thousand brackets": lambda scene: b"[" * 100_000,
    "more than an inbox takes": with_body('{"A": "' + "x" * 262_144 + '"}'),
    "compressed": compressed,
    "a compressed bomb": bomb,
}
CASES = [Case(f"text: {name}", make, Reason.JSON) for name, make in MAKERS.items()]
