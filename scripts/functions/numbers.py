"""Exact decimals: sums, products, shares, rounding and chance. Nothing here is a binary float."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Precision
from typing import Any

from scripts.functions.comparison import fingerprint
from scripts.functions.function import MANY, Context, Function
from scripts.functions.kinds import bad_type, limit
from scripts.language.errors import ScriptError
from scripts.language.values import is_empty, parse_time, to_number, to_text

DIGITS = 120  # before and after the point; what would be longer is refused, not rounded
SHARE_DECIMALS = 20  # of a share such as 1/3, which has no end
MOST_DECIMALS = 40
_EXACT = Precision(prec=4 * DIGITS)
# Of a text without blanks around it: two blanks* that may touch take the square of their length.
_FORMULA = re.compile(r"(-?\d{1,40}(?:\.\d{1,40})?)\s*(x|%|/\s*(\d{1,40}))?")


def number(function: str, value: Any) -> Decimal:
    """Return a number, or number text, as a decimal. Raises ScriptError."""
    found = to_number(value)
    if found is None:
        raise bad_type(function, "takes numbers", value)
    return found


def plain_number(value: Decimal) -> int | Decimal:
    """Return a decimal as an int when it is whole. Raises ScriptError when it is too long."""
    exponent = value.as_tuple().exponent
    if value.adjusted() > DIGITS or not isinstance(exponent, int) or exponent < -DIGITS:
        raise limit(f"a number has at most {DIGITS} digits")
    return int(value) if value == value.to_integral_value() else value


def plus(function: str, subject: Any, value: Any) -> int | Decimal:
    """Return a sum; `5%` of the subject may be added, as any formula of Calculate."""
    base = number(function, subject)
    added = to_number(value)
    if added is None:
        added = _share(function, base, value)
    return plain_number(_EXACT.add(base, added))


def subtract(subject: Any, value: Any) -> int | Decimal:
    base = number("Minus", subject)
    taken = to_number(value)
    if taken is None:
        taken = _share("Minus", base, value)
    return plain_number(_EXACT.subtract(base, taken))


def _share(function: str, base: Decimal, formula: Any) -> Decimal:
    """Return what `2x`, `5%` or `1/3` of a number is; exact, or rounded to 20 decimals."""
    match = _FORMULA.fullmatch(formula.strip()) if isinstance(formula, str) else None
    if match is None:
        if not isinstance(formula, str):
            raise bad_type(function, "takes numbers, or formulas such as 5% or 1/3", formula)
        shown = formula[:40]
        raise ScriptError(
            f".{function} takes numbers, or formulas such as 5% or 1/3, not {shown!r}", kind="type"
        )
    factor, sign, divisor = Decimal(match[1]), match[2] or "", match[3]
    product = _EXACT.multiply(base, factor)
    if sign == "%":
        return product.scaleb(-2, _EXACT)
    if divisor is None:
        return product
    if not int(divisor):
        raise ScriptError(f".{function} cannot divide by zero", kind="type")
    quotient, rest = _EXACT.divmod(product, Decimal(divisor))
    if not rest:
        return quotient
    share = _EXACT.divide(product, Decimal(divisor))
    return _shortest(share)


def _shortest(value: Decimal) -> Decimal:
    """Return a quotient rounded to 20 decimals, without the zeros at its end."""
    rounded = _rounded(value, SHARE_DECIMALS)
    return rounded.normalize(_EXACT)


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)


def calculate(context: Context, subject: Any, formula: Any) -> Any:
    if is_empty(subject):
        return None
    return plain_number(_share("Calculate", number("Calculate", subject), to_text(formula)))


def sum_(context: Context, subject: Any, *values: Any) -> Any:
    """The sum of a number and others, or of a list of numbers and others."""
    if isinstance(subject, list):
        subject, values = 0, (*subject, *values)
    result: Any = 0 if is_empty(subject) else subject
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            result = plus("Sum", result, 0 if is_empty(each) else each)
    return plain_number(number("Sum", result))


def times(context: Context, subject: Any, factor: Any) -> Any:
    if is_empty(subject):
        return None
    product = _EXACT.multiply(number("Times", subject), number("Times", factor))
    return plain_number(product)


def round_(context: Context, subject: Any, decimals: Any = 0) -> Any:
    """Half away from zero, to so many decimals; fewer than none rounds to tens and hundreds."""
    if is_empty(subject):
        return None
    places = whole("Round", decimals, -MOST_DECIMALS, MOST_DECIMALS)
    value = number("Round", subject)
    if places >= 0:
        return plain_number(_rounded(value, places))
    return plain_number(_rounded(value.scaleb(places, _EXACT), 0).scaleb(-places, _EXACT))


def whole(function: str, value: Any, least: int, most: int) -> int:
    """Return a whole number within limits. Raises ScriptError."""
    found = to_number(value)
    if found is None or found != found.to_integral_value() or not least <= found <= most:
        raise ScriptError(
            f".{function} takes a whole number from {least} to {most}, not {to_text(value)[:40]!r}",
            kind="type",
        )
    return int(found)


def _extreme(function: str, subject: Any, others: tuple[Any, ...], *, highest: bool) -> Any:
    """The largest or smallest of a list, of a value and others: numbers, or times."""
    items: list[Any] = []
    for value in (subject, *others):
        items += value if isinstance(value, list) else [value]
    items = [item for item in items if not is_empty(item)]
    if not items:
        return None
    pick = max if highest else min
    numbers = [to_number(item) for item in items]
    if all(each is not None for each in numbers):
        return plain_number(pick(each for each in numbers if each is not None))
    moments: list[datetime] = []
    for item in items:
        moment = parse_time(item)
        if moment is None:
            raise bad_type(function, "compares numbers, or times", item)
        moments.append(moment)
    return pick(moments)


def higher(context: Context, subject: Any, *others: Any) -> Any:
    return _extreme("Higher", subject, others, highest=True)


def lower(context: Context, subject: Any, *others: Any) -> Any:
    return _extreme("Lower", subject, others, highest=False)


def random(context: Context, _: Any, least: Any = 1, most: Any = 9, decimals: Any = 0) -> Any:
    """A number from `least` to `most`, both included, from the source that ids come from."""
    places = whole("Random", decimals, 0, MOST_DECIMALS)
    scale = 10**places
    low, high = [_EXACT.multiply(number("Random", end), scale) for end in (least, most)]
    if low != low.to_integral_value() or high != high.to_integral_value() or low > high:
        raise ScriptError(
            ".Random takes the lowest and the highest number, with no more decimals than asked for",
            kind="type",
        )
    span = int(high) - int(low) + 1
    drawn = int(low) + fingerprint(context.new_uuid() + context.new_uuid()) % span
    return plain_number(_rounded(Decimal(drawn).scaleb(-places, _EXACT), places))


FUNCTIONS = {
    "Calculate": Function(
        calculate,
        1,
        1,
        signature="n.Calculate(f)",
        about="A number times a formula: `2x`, `5%`, `1/3` or `0.5`.",
    ),
    "Higher": Function(
        higher,
        0,
        MANY,
        signature="a.Higher(b)\nlist.Higher",
        about="The largest number, or the latest time.",
    ),
    "Lower": Function(
        lower,
        0,
        MANY,
        signature="a.Lower(b)\nlist.Lower",
        about="The smallest number, or the earliest time.",
    ),
    "Random": Function(
        random,
        0,
        3,
        subjectless=True,
        signature=".Random(min, max, decimals)",
        about="A random number from 1 to 9, or between two others, both included.",
    ),
    "Round": Function(
        round_, 0, 1, signature="n.Round(decimals)", about="Rounded, half away from zero."
    ),
    "Sum": Function(
        sum_,
        0,
        MANY,
        signature="n.Sum(v, ...)\nlist.Sum",
        about="The sum of numbers; `5%` adds so much of the subject.",
    ),
    "Times": Function(times, 1, 1, signature="n.Times(m)", about="The product of two numbers."),
}
