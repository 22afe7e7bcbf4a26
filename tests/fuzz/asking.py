"""Talkers that ask in every format, for a stranger; some use the answer in every function."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from host.services import save_talker
from scripts.functions import FUNCTIONS, Reads
from scripts.items.defining import save_set
from tests.fuzz import typed

DOMAIN = "theatre.test"
QUESTIONS = 5  # of one talker
ARGUMENTS = ("$a", "2", "abc", "$.Script", "$b")
_READS = {Reads.FILTERS: "{X: $a}", Reads.FORMATS: "X", Reads.CHANGES: "{X: $b}"}
SEATS = """
Prefix: Hall
Table: Seats
Item: Seat
Key: Seat
Views:
    TAKEN:
        Name.IsNotEmpty:
"""
BOOKING = """
- TEXT Your name? >> $a
- QUANTITY How many? >> $n:
    Nullable: True
- TRY >> $fault:
    - SAVE Hall.Seats >> $seat:
        Seat: $a
        Name: $n
    - READ >> $seat:
        Set: Hall.Seats
        Key: $a
        Default:
            Seat: $n
    - SELECT >> $seats:
        From: Hall.Seats
        Where:
            Name.Is: $a
- TRY >> $fault:
    - ISSUE .HOST/BOOKING/SELF >> $ticket:
        Context:
            For: $a
            Many: $n
        Expires: $a
- TRY >> $fault:
    - WAIT $a
- TRY >> $fault:
    - ONE And which? >> $one:
        Options: [$a, $n, Other]
        Expires: 2 days
- TRY >> $fault:
    - TEXT And now? >> $text:
        Pattern: $a
        Default: $n
        MinLength: $n
- TRY >> $fault:
    - QUANTITY And how many? >> $q:
        MinValue: $a
        MaxValue: $n
        Precision: $a
- TRY >> $fault:
    - REGISTER Again >> $locator:
        Inputs:
            Name: $a
        Expires: $a
- ALARM Again >> $alarm:
    In: 1 hour
- RETURN: $a

📃 Again:
- LOG: "{$Name}"
"""


def asking(format: str, chance: Random) -> str:
    """Return a talker of a few questions in one format, that keeps the answers and says thanks."""
    lines = [f"💬 Asks {format}:"]
    for number in range(QUESTIONS):
        lines.append(f"- {format} Question {number}? >> $a{number}:")
        rules = {"Nullable": "True"} if number == 1 else {}
        rules |= {"Options": "[Adult, /Child, Senior]"} if format in ("ONE", "MANY") else {}
        rules |= {"Pattern": r"'(\w+)\W*(.*)'", "Output": r"\2-\1"} if number == 2 else {}
        rules |= _bounded(format, number, chance)
        allowed = {"TEXT": "Pattern Output", "ONE": "", "MANY": ""}.get(format, "")
        allowed += " Options Nullable MinValue MaxValue MinLength MaxLength Precision Currency"
        lines += [f"    {name}: {rule}" for name, rule in rules.items() if name in allowed.split()]
        lines += ["    Default: Adult"] if number == 3 else []
    return "\n".join([*lines, "- DONE: Thank you.", "- RETURN: $a0"])


def _bounded(format: str, number: int, chance: Random) -> dict[str, str]:
    if number < 3:
        return {}
    if format in ("TEXT", "DIGITS", "MANY"):
        return {"MinLength": "2", "MaxLength": chance.choice(("3", "40"))}
    low, high = {
        "DATE": ("2020-01-01", "7 days"),
        "TIME": ("08:00", "18:30:05"),
        "STARS": ("1.5", "4"),
    }.get(format, ("-5", "999999999999999999999999999999999"))
    bounds = {"MinValue": f'"{low}"', "MaxValue": f'"{high}"'}
    if format not in ("QUANTITY", "AMOUNT"):
        return bounds if format in ("DATE", "TIME", "STARS") else {}
    bounds["Precision"] = chance.choice(("0", "2", "12"))
    return {**bounds, "Currency": "EUR"} if format == "AMOUNT" and number == 4 else bounds


def using(functions: list[str], format: str) -> str:
    """Return a talker that gives two answers to these functions, as subject and as arguments."""
    lines = [f"💬 Uses {functions[0]}:", f"- {format} First? >> $a:", "    Nullable: True"]
    lines += ["- TEXT Second? >> $b:", "    Nullable: True"]
    for name in functions:
        entry = FUNCTIONS[name]
        given = _READS.get(entry.reads) or ", ".join(
            ARGUMENTS[: max(entry.fewest, min(entry.most, 1))]
        )
        call = f"{'' if entry.subjectless else '$a'}.{name}" + (f"({given})" if given else "")
        lines += ["- TRY >> $fault:", f"    - PUT {call} >> $x", '    - LOG: "{$x}"']
    return "\n".join([*lines, "- RETURN: $x"])


def talkers(chance: Random) -> Iterator[tuple[str, str, bool]]:
    """Yield key and source of each talker, and whether it may fail for what a person answers."""
    for format in typed.FORMATS:
        for version in ("one", "two"):
            yield f"asks-{format.lower()}-{version}", asking(format, chance), False
    names = [name for name, entry in sorted(FUNCTIONS.items()) if not entry.unsupported]
    for number in range(0, len(names), 6):
        for format in ("TEXT", "QUANTITY", "DATE"):
            yield f"uses-{number}-{format.lower()}", using(names[number : number + 6], format), True
    yield "booking", "💬 Booking:" + BOOKING, True


def furnish(seed: int) -> tuple[list[str], set[str]]:
    """Put the talkers in; return the locators, and the names of scripts that must never fail."""
    save_set(domain=DOMAIN, source=SEATS, scripts="")
    locators, firm = [], set()
    for key, source, may_fail in talkers(Random(seed)):
        save_talker(domain=DOMAIN, key=key, title=key, source=source)
        locators.append(f".HOST,{DOMAIN},{key}")
        if not may_fail:
            firm.add(key)
    return locators, firm
