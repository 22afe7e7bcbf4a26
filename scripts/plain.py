"""From the values of scripts to what a signed object may hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from messaging.canonical import LARGEST_INTEGER
from messaging.syntax import format_time


def plain(value: Any) -> Any:
    """Return `value` as JSON of the canonical value space: times and decimals as text.

    Times are UTC in the protocol's form. Numbers that are not whole, or beyond 2^53, are text.
    """
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return format(value, "f")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        whole = int(value)
        return whole if abs(whole) <= LARGEST_INTEGER else str(whole)
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value
