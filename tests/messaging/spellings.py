"""Spellings of header fields that look almost right: each must be refused (protocol 2.2)."""

from __future__ import annotations

from typing import Any

from tests.messaging.parties import CORRELATION, TOKEN, WALLET

GOOD_TIME = "2026-01-02T03:04:05.678Z"
STRICT: dict[str, list[Any]] = {
    "Schema": [
        "",
        "MSG:1.0",
        "pollyweb.org/MSG:1",
        "pollyweb.org/MSG:1.0\n",
        "pollyweb.org/MSG:01.0",
    ],
    "From": [
        "anonymous",
        "localhost",
        "127.0.0.1",
        "broker.test.",
        "broker_x.test",
        "broker.t3st",
        " broker.test",
        "broker.test\n",
        "-broker.test",
        "bröker.test",
        "a" * 64 + ".test",
        "broker.dom",
        "BROKER.DOM",
        WALLET.upper(),
        "{" + WALLET + "}",
        f"urn:uuid:{WALLET}",
        WALLET.replace("-", ""),
        f"{WALLET}\n",
        1,
        None,
        [],
    ],
    "To": ["", "Anonymous", "theatre", "theatre.test\n", "theatre.test.", TOKEN.upper(), None, 1],
    "Subject": [
        "",
        "Offered",
        "@Issuer",
        "Offered@",
        "Offered@Issuer@X",
        "Offered @Issuer",
        "Offered@Issuer\n",
        1,
    ],
    "Correlation": [
        "",
        CORRELATION.upper(),
        CORRELATION.replace("-", ""),
        f"urn:uuid:{CORRELATION}",
        f"{CORRELATION} ",
        "{" + CORRELATION + "}",
        CORRELATION[:-1],
        f"{CORRELATION[:-1]}g",
        f"{CORRELATION[:-1]}٣",
    ],
    "Timestamp": [
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:04:05.6Z",
        "2026-01-02T03:04:05.678901Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T23:59:60Z",
        "0000-01-02T03:04:05Z",
        f"{GOOD_TIME}\n",
        "٢026-01-02T03:04:05Z",
        1,
    ],
    "Selector": ["", "pw1.x", "pw_1", "pw1\n", "-pw1", "p" * 64, "пw1", 1],
}
