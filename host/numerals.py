"""Numbers and amounts as people write them, read and shown by the language of the chat."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

_CANONICAL = re.compile(r"[-+]?\d{1,30}(\.\d{1,20})?")
# With a point behind the whole part, or with a comma: groups of three before it, if any.
_POINT = re.compile(r"[-+]?(\d{1,3}([, \u00a0\u202f']\d{3})+|\d+)(\.\d+)?")
_COMMA = re.compile(r"[-+]?(\d{1,3}([. \u00a0\u202f']\d{3})+|\d+)(,\d+)?")
_COMMA_LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        "bg ca cs da de el es et fi fr hr hu id is it lt lv nb nl nn no pl pt"
        " ro ru sk sl sr sv tr uk",
    )
)
_LONGEST = 60
# Enough for the longest number and the finest precision: the usual context has 28 digits, and what
# does not fit into those raises.
_EXACT = Context(prec=2 * _LONGEST)
_SIGNS = {
    "R$": "BRL",
    "\u20ac": "EUR",
    "$": "USD",
    "\u00a3": "GBP",
    "\u00a5": "JPY",
    "\u20b9": "INR",
    "\u20ba": "TRY",
    "\u20bd": "RUB",
    "\u20aa": "ILS",
    "\u20a9": "KRW",
}
_CODE = re.compile(r"[A-Za-z]{3}")


def read_number(text: str, language: str) -> Decimal | None:
    """Return the number that `text` is; None when it is none.

    `1250.5` is the same in every language; `1,250.5` and `1.250,5` are read by the chat's.
    """
    bare = text.strip()
    if len(bare) > _LONGEST:
        return None
    if _CANONICAL.fullmatch(bare):
        return Decimal(bare)
    comma = language.split("-")[0].lower() in _COMMA_LANGUAGES
    for pattern, point in (
        ((_COMMA, ","), (_POINT, ".")) if comma else ((_POINT, "."), (_COMMA, ","))
    ):
        if pattern.fullmatch(bare):
            whole, _, fraction = bare.partition(point)
            digits = re.sub(r"[^\d+-]", "", whole)
            return Decimal(f"{digits}.{fraction}" if fraction else digits)
    return None


def read_amount(text: str, language: str) -> tuple[Decimal, str] | None:
    """Return number and currency (three letters, or empty) of `€12.50`, `12,50 EUR` or `12.50`."""
    bare, found = text.strip(), ""
    for sign, code in _SIGNS.items():
        if bare.startswith(sign) or bare.endswith(sign):
            found, bare = code, bare.removeprefix(sign).removesuffix(sign).strip()
            break
    else:
        for code in (bare[:3], bare[-3:]):
            if _CODE.fullmatch(code):
                found, bare = code.upper(), bare.removeprefix(code).removesuffix(code).strip()
                break
    number = read_number(bare, language)
    return None if number is None else (number, found)


def rounded(number: Decimal, precision: int) -> Decimal:
    """Return a number with so many digits behind the point; halves go away from zero."""
    return number.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP, _EXACT)


def pretty(number: Decimal, language: str, currency: str = "") -> str:
    """Return a number as people of a language write it, with its currency if it has one."""
    text = f"{number:,f}"
    comma = language.split("-")[0].lower() in _COMMA_LANGUAGES
    if comma:
        text = text.translate({ord(","): ".", ord("."): ","})
    sign = next((sign for sign, code in _SIGNS.items() if code == currency), currency)
    if not sign:
        return text
    if comma or sign == currency:
        return f"{text} {sign}"
    return f"-{sign}{text[1:]}" if text.startswith("-") else f"{sign}{text}"
