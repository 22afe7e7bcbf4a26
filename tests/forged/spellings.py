"""Checks 2 to 4: names, ids, times and schemas that look almost right, all properly signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import CHARLIE, Scene

NAMES = {
    "a blank before": " broker.test",
    "a line after": "broker.test\n",
    "a dot after": "broker.test.",
    "an alias": "broker.dom",
    "an alias in capitals": "BROKER.DOM",
    "one label": "broker",
    "an underscore": "broker_x.test",
    "a hyphen before": "-broker.test",
    "two dots": "broker..test",
    "a zero in its last label": "broker.t3st",
    "a letter of another script": "br\u043eker.test",
    "a wide dot": "broker\u3002test",
    "a soft hyphen": "bro\u00adker.test",
    "a zero byte": "broker.test\\0".replace("\\0", "\x00"),
    "a label of 64 letters": "a" * 64 + ".test",
    "254 letters": "a." * 125 + "test",
    "nobody in lower case": "anonymous",
    "an address and a port": "broker.test:443",
    "a path": "broker.test/inbox",
    "a user": "alice@broker.test",
}
UUIDS: dict[str, Callable[[str], str]] = {
    "in capitals": str.upper,
    "without hyphens": lambda text: text.replace("-", ""),
    "in braces": lambda text: "{" + text + "}",
    "as an urn": lambda text: f"urn:uuid:{text}",
    "with a line after": lambda text: text + "\n",
    "with a digit of another script": lambda text: text[:-1] + "\u0663",
}
TIMES = {
    "without its zone": "2026-01-02T03:04:05.678",
    "with an offset": "2026-01-02T03:04:05.678+00:00",
    "with six digits": "2026-01-02T03:04:05.678901Z",
    "with one digit": "2026-01-02T03:04:05.6Z",
    "with a blank": "2026-01-02 03:04:05.678Z",
    "in small letters": "2026-01-02t03:04:05.678z",
    "on no day": "2026-02-30T03:04:05.678Z",
    "in a leap second": "2026-01-02T23:59:60.000Z",
    "as seconds": "1767323045",
    "with foreign digits": "\u0662026-01-02T03:04:05.678Z",
}
SUBJECTS = {
    "without its role": "Offered",
    "with two roles": "Offered@Issuer@Issuer",
    "with a blank": "Offered @Issuer",
    "with a zero width blank": "Offered@Issuer\u200b",
    "with a path": "../Offered@Issuer",
    "of a hundred letters": "O" * 100 + "@Issuer",
}


def respelt_wallet(spell: Callable[[str], str]) -> Any:
    return lambda s: s.of_wallet("Home@Broker", {"Chat": s.chat}, who=spell(s.alice.wallet))


def respelt_correlation(spell: Callable[[str], str]) -> Any:
    return lambda s: s.genuine(Correlation=spell(str(uuid4())))


def header(name: str, value: str) -> Callable[[Scene], Any]:
    return lambda scene: scene.genuine(**{name: value})


SHAPE = Reason.SHAPE
CASES = [
    *[Case(f"From: {name}", header("From", text), SHAPE) for name, text in NAMES.items()],
    *[Case(f"From: a wallet {name}", respelt_wallet(s), SHAPE) for name, s in UUIDS.items()],
    *[Case(f"Correlation: {name}", respelt_correlation(s), SHAPE) for name, s in UUIDS.items()],
    *[Case(f"Timestamp: {name}", header("Timestamp", text), SHAPE) for name, text in TIMES.items()],
    *[Case(f"Subject: {name}", header("Subject", text), SHAPE) for name, text in SUBJECTS.items()],
    Case("To: nobody", header("To", "Anonymous"), SHAPE),
    Case("To: a dot after", header("To", "theatre.test."), SHAPE),
    Case("Selector: two labels", header("Selector", "pw1.charlie"), SHAPE),
    Case("Selector: a path", header("Selector", "../pw1"), SHAPE),
    Case("Schema: the short form of another", header("Schema", ".OTHER"), Reason.SCHEMA),
    Case("Schema: a later version", header("Schema", "pollyweb.org/MSG:2.0"), Reason.SCHEMA),
    Case("Schema: another authority", header("Schema", f"{CHARLIE}/MSG:1.0"), Reason.SCHEMA),
    Case("Schema: no version at all", header("Schema", "pollyweb.org/MSG:x"), SHAPE),
    Case("To: somebody else", header("To", CHARLIE), Reason.RECIPIENT),
    Case("To: the inbox's host", header("To", "pw.theatre.test"), Reason.RECIPIENT),
    Case("To: an alias of somebody else", header("To", "theatre.dom"), Reason.RECIPIENT),
    Case("To: a wallet", lambda s: s.genuine(To=s.alice.wallet), Reason.RECIPIENT),
    Case("To: a look-alike", header("To", "theatre.tesst"), Reason.RECIPIENT),
]
