"""What people and odd wallets may put into an answer: made at random, from pieces that hurt."""

from __future__ import annotations

from random import Random
from typing import Any

LANGUAGES = (  # noqa: SIM905 - forty words read better in lines
    "en-us de-de pt-br fr-fr es-es it-it nl-nl pl-pl cs-cz sk-sk hu-hu ro-ro bg-bg hr-hr sr-rs "
    "sl-si el-gr tr-tr ru-ru uk-ua fi-fi sv-se nb-no da-dk et-ee lv-lv lt-lt is-is ga-ie cy-gb "
    "he-il ar-eg fa-ir hi-in bn-bd th-th vi-vn zh-cn ja-jp ko-kr"
).split()
FORMATS = ("TEXT", "DIGITS", "ONE", "MANY", "QUANTITY", "AMOUNT", "STARS", "DATE", "TIME")
DIGITS = "0123456789\u0660\u0663\u06f7\u0969\uff15\U0001d7d9"
JOINS = (".", ",", "'", " ", "\u00a0", "\u202f", "-", "+", ":", "/", "e", "E", "_", "T", "Z", "%")
MONEY = ("\u20ac", "$", "R$", "\u00a3", "\u00a5", "\u20b9", "USD", "eur", "CHF", "XX", "\u20bf")
SYNTAX = (
    "{$name}", "$.Msg", "$", "{", "}}", "\u00a7", "\u00b4", "/Card", "[Cash]", ">> $x", "- INFO: x",
    "\U0001f4ac", ".HOST,theatre.test,ticket", "<script>", "' OR 1=1", "\\1", "\\", "%s", "{0}",
    "__proto__", "None", "NaN", "Infinity", "-0", "0x10", "1e999999999", "true", "null", "[]",
)  # fmt: skip
PEOPLE = (
    "Alice", "O\u00b4Brien", "Zo\u00eb", "e\u0301", "\u0640\u200d\u0627", "\u202eabc",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\ufdfa", "\u0130\u0131", "\u1e9e", "\ud7ff",
    "\ufffe", "\u2028", "\u200b\u2060", "\t", "\r\n", "\x01", "\x1f", "\x7f", "\u0085",
    "a\u0308" * 40,
)  # fmt: skip
MOMENTS = (
    "2026-05-01", "2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "2026-5-1", "20260501",
    "2026-W18-5", "2026-05-01T10:00:00Z", "9999-12-31T23:59:59-23:59", "\u0662026-05-01", "18:30",
    "24:00", "23:59:60", "18:30:05.5", "18:30+02:00", "7 days", "0:30", "999999999 years", "-1 day",
)  # fmt: skip
NETWORK = (
    "10.0.0.1",
    "::1",
    "fe80::1%eth0",
    "1.2.3.4.5",
    "::ffff:1.2.3.4",
    "0x7f.1",
    "\uff11.1.1.1",
)
LENGTHS = (0, 1, 3, 28, 29, 30, 31, 59, 60, 61, 249, 250, 251, 999, 4999, 5000, 5001)


def _number(chance: Random) -> str:
    size = chance.choice(LENGTHS[:12]) if chance.random() < 0.3 else chance.randint(0, 6)
    digits = chance.choices(DIGITS if chance.random() < 0.1 else DIGITS[:10], k=size)
    parts = [chance.choice(("", "", "-", "+")), *digits]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        parts.insert(chance.randint(1, len(parts)), chance.choice(JOINS))
    if chance.random() < 0.3:
        parts.insert(chance.choice((0, len(parts))), chance.choice(MONEY))
    return "".join(parts)


def _moment(chance: Random) -> str:
    """A time or a date, most often one that is; with a digit changed, sometimes."""
    if chance.random() < 0.4:
        return chance.choice(MOMENTS)
    if chance.random() < 0.5:
        return f"{chance.randint(0, 25):02}:{chance.randint(0, 61):02}"
    return f"{chance.randint(0, 9999):04}-{chance.randint(0, 13):02}-{chance.randint(0, 32):02}"


def _mixed(chance: Random) -> str:
    pool = chance.choice((SYNTAX, PEOPLE, MOMENTS, NETWORK, MONEY, JOINS))
    pieces = chance.choices(pool, k=chance.choice((1, 1, 1, 2, 3)))
    return chance.choice(("", " ", "\n")).join(pieces)


def _long(chance: Random) -> str:
    unit = chance.choice((*PEOPLE, *SYNTAX, *DIGITS, "x", " ", "9"))
    size = chance.choice(LENGTHS)
    return (unit * (size // len(unit) + 1))[:size]


def text(chance: Random, format: str = "") -> str:
    """Return something that a person may have typed, or pasted, or a wallet made up."""
    likely = _LIKELY.get(format)
    if likely is not None and chance.random() < 0.6:
        return likely(chance)
    return chance.choice((_number, _moment, _mixed, _mixed, _long))(chance)


def value(
    chance: Random, format: str = "", options: tuple[str, ...] = ("A", "C", "S"), deep: int = 0
) -> Any:
    """Return an answer to a question of a format: most often text, sometimes whatever JSON has."""
    kind = chance.random()
    if format in ("ONE", "MANY") and kind < 0.5:
        chosen = chance.choices((*options, "Z"), k=chance.choice((1, 1, 2, 3, 5)))
        return chosen if format == "MANY" else chosen[0]
    if kind < 0.85 or deep > 3:
        return text(chance, format)
    if kind < 0.92:
        return chance.choice((0, 1, -1, 5, 2**53 - 1, -(2**53) + 1, True, False, None))
    size = chance.choice((0, 1, 2, 3, 12))
    if kind < 0.98:
        return [value(chance, format, options, deep + 1) for _ in range(size)]
    return {f"k{number}": value(chance, format, options, deep + 1) for number in range(size)}


def rules(chance: Random, format: str) -> dict[str, Any]:
    """Return what a script may say of the answer it wants, sensible or not."""
    given: dict[str, Any] = {}
    for name, likely in (
        ("MinLength", "2"), ("MaxLength", "40"), ("Precision", chance.choice(("0", "2", "12"))),
        ("Nullable", True), ("Currency", chance.choice(("EUR", "JPY", "xyz"))),
        ("Pattern", chance.choice(("IPv4", "ipv6", r"(\w+)-?(\d*)", ".*", "[A-Z]{2}", "("))),
        ("MinValue", chance.choice(_BOUNDS.get(format, ("0", "-5", "0.0001")))),
        ("MaxValue", chance.choice(_BOUNDS.get(format, ("10", "999999999999", "1.5")))),
    ):  # fmt: skip
        if chance.random() < 0.25:
            given[name] = likely if chance.random() < 0.8 else value(chance)
    return given


_BOUNDS = {"DATE": MOMENTS[:5] + MOMENTS[-5:-2], "TIME": ("09:00", "18:30:05", "00:00", "noon")}
_LIKELY = {
    "DIGITS": _number,
    "QUANTITY": _number,
    "AMOUNT": _number,
    "STARS": _number,
    "DATE": _moment,
    "TIME": _moment,
}
