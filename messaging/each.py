"""The rule for loops over items: one bad item never stops its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
LONGEST_NAME = 200


def each(
    what: str,
    items: Iterable[Item],
    work: Callable[[Item], Result],
    failed: Callable[[Item, Exception], object] | None = None,
) -> list[Result]:
    """Do the work on every item; return the results of those on which it did not fail.

    An item that fails is logged by its name, or told to `failed` instead. Inside a transaction what
    its work wrote is taken back and the rest stays. Raises only what is no item's fault: that the
    database is gone, or the time of the task is up.
    """
    done: list[Result] = []
    for item in items:
        try:
            with transaction.atomic() if connection.in_atomic_block else nullcontext():
                done.append(work(item))
        except SoftTimeLimitExceeded:
            raise
        except Exception as fault:
            if isinstance(fault, InterfaceError | OperationalError) and not connection.is_usable():
                raise
            if failed is None:
                log.exception("item_failed", what=what, item=name_of(item))
            else:
                failed(item, fault)
    return done


def name_of(item: object) -> str:
    """Return an item as a log takes it: short, and without halves of surrogate pairs."""
    return str(item)[:LONGEST_NAME].encode("utf-8", "backslashreplace").decode()
