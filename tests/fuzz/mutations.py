"""Changing a message at random: its bytes, or the tree that they spell."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

TOKENS = [
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1.5",
    b"9" * 20,
    b"[" * 40,
    b'{"A":' * 40,
    b'"',
    b"\\",
    b"\xff",
    b"\x00",
    b"\xef\xbb\xbf",
    b",",
    b"}",
    b"]",
    b":",
    b" ",
    b"\n",
    b"null",
    b"true",
    b'"Header":{},',
    b'"Body":{},',
    b"\xed\xa0\x80",
    "é".encode(),
    "🎭".encode(),
]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53,
    -(2**53),
    2**70,
    1.5,
    1e308,
    "",
    " ",
    "\0",
    "\ud800",
    "\udc00\ud800",
    "é",
    "🎭",
    "x" * 5000,
    "x" * 300_000,
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"self": 1},
    {"é": 1},
    {"\0": 1},
    "Anonymous",
    "anonymous",
    "theatre.test",
    "THEATRE.test",
    "theatre.dom",
    "localhost",
    "127.0.0.1",
    "a" * 64,
    "00000000-0000-0000-0000-000000000000",
    "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002",
    "{x}",
    "$.Msg",
    "../../x",
    ".HOST/BOOKING/SELF",
    "pollyweb.org/MSG:9.9",
    ".HOST,theatre.test,ticket",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "-5 days",
    "' OR 1=1 --",
    "<script>",
    "%s%n",
    "ACCEPTED",
    "DECLINED",
    "REVOKED",
]


def mutate_bytes(raw: bytes, others: list[bytes], random: Random) -> bytes:
    """Return the message with one to four random changes of its bytes."""
    data = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.randint(0, 40))
        kind = random.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end]
        elif kind == 3:
            data[at:at] = random.choice(TOKENS)
        elif kind == 4:
            data[at:end] = random.randbytes(end - at)
        elif kind == 5:
            del data[at:]
        else:
            other = random.choice(others)
            data[at:] = other[min(at, len(other)) :]
    return bytes(data)


def mutate_tree(value: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return the message with one to three places replaced, removed, renamed or moved."""
    changed = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(changed))
        if not places:
            break
        container, key = random.choice(places)
        kind = random.randrange(6)
        if kind <= 2:
            container[key] = copy.deepcopy(random.choice(VALUES))
        elif kind == 3:
            del container[key]
        elif kind == 4:
            source, name = random.choice(places)
            if name in source if isinstance(source, dict) else name < len(source):
                container[key] = copy.deepcopy(source[name])
        elif isinstance(container, dict):
            container[random.choice([key.upper(), key.lower(), f"{key} ", "Extra"])] = container[
                key
            ]
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in list(entries):
        yield value, key
        if isinstance(entry, (dict, list)):
            yield from _places(entry)


def spelt(value: Any, random: Random) -> bytes:
    """Return JSON of a value, in one of its many spellings."""
    plain = random.random() < 0.5
    text = json.dumps(value, ensure_ascii=plain, indent=random.choice([None, None, 1]))
    return text.encode("utf-8", errors="surrogatepass")
