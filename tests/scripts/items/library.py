"""A town library's datasets, and what its handlers write down."""

from __future__ import annotations

from typing import Any

from scripts.items import defining
from scripts.models import Item, ItemHistory, ItemSet, Run
from tests.hosting import host
from tests.scripts.engine import DOMAIN

LOANS = """
Prefix: Library
Table: Loans
Item: Loan
Key: Reader, Book
Parents:
    Reader: Library.Readers
Views:
    OPEN:
        .State.IsIn: OPEN, LATE
Handlers:
    INSERTED    >> OnLoan:
    OPEN        >> OnOpen:
    OPEN > LATE >> OnLate:
    UPDATED.Branch >> OnMoved:
        Assert:
            New.Branch.IsNot: Old.Branch
    DELETED     >> OnGone:
Assert:
    AllOf: Reader, Book
    Pages.IsAbove: 0
    .State.IsIn: OPEN, LATE, RETURNED, LOST
"""
SCRIPTS = """
OnLoan:
- SAVE Library.Diary:
    Line: "loan {$Loan.Book}"
OnOpen:
- SAVE Library.Diary:
    Line: "open {$Loan.Book} from {$Item.STATE}"
OnLate:
- SAVE Library.Diary:
    Line: "late {$Loan.Book}"
- SAVE $Loan:
    Fine: 1
- RETURN: LOST
OnMoved:
- SAVE Library.Diary:
    Line: "moved {$Old.Branch} to {$New.Branch}"
OnGone:
- SAVE Library.Diary:
    Line: "gone {$Loan.Book}"
"""
DIARY = "Prefix: Library\nTable: Diary\nItem: Entry\n"
READERS = "Prefix: Library\nTable: Readers\nItem: Reader\nKey: Card\n"


def open_library(*, domain: str = DOMAIN, loans: str = LOANS, scripts: str = SCRIPTS) -> ItemSet:
    """Define the library's datasets; return that of the loans."""
    host(domain)
    defining.save_set(domain=domain, source=DIARY)
    defining.save_set(domain=domain, source=READERS)
    return defining.save_set(domain=domain, source=loans, scripts=scripts)


def diary() -> list[str]:
    """Return what the handlers wrote down, in order."""
    rows = Item.objects.filter(set__name="Library.Diary").order_by("pk")
    return [row.data["Line"] for row in rows]


def loans() -> list[Any]:
    return list(
        Item.objects.filter(set__name="Library.Loans")
        .order_by("pk")
        .values("key", "state", "version", "invalid", "data")
    )


def history() -> list[tuple[int, str, str]]:
    rows = ItemHistory.objects.filter(item__set__name="Library.Loans").order_by("pk")
    return [(row.version, row.event, row.state) for row in rows]


def failed() -> list[str]:
    return list(Run.objects.filter(state="FAILED").values_list("error", flat=True))
