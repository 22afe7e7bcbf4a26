"""What a script may read: the rows of its domain, through the datasets that guard them.

`Step` adds what a run may do besides; a public question has no more than this (`public.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import DataError

from messaging import clock, ids
from scripts.errors import refused
from scripts.items import storing
from scripts.items.holding import Holding
from scripts.language.checking import Assertion
from scripts.language.errors import ScriptError
from scripts.language.values import Item
from scripts.registry import Dataset, Row, registry

log = structlog.get_logger(__name__)


class Reading:
    """Reads for the scripts of one hosted domain; has no effect on any row."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.holding: Holding | None = None  # of a segment; who only looks holds nothing

    def now(self) -> datetime:
        return clock.now()

    def new_uuid(self) -> str:
        return str(ids.uuid4())

    def dataset(self, name: str) -> Dataset:
        """Return a dataset of the apps, or of this domain. Raises ScriptError."""
        found = registry.datasets.get(name) or storing.dataset(self.domain, name, self.holding)
        if found is None:
            raise ScriptError(f"no dataset named {name}", kind="missing")
        return found

    def read(self, name: str, key: Any) -> Item | None:
        """Return the row of dataset `name` with this key, or None."""
        row = self._read_row(name, key)
        return None if row is None else as_item(name, row)

    def _read_row(self, name: str, key: Any) -> Row | None:
        found: Row | None = self._asked(self.dataset(name).read, self.domain, key)
        return found

    def find(self, name: str, where: Assertion | None = None) -> list[Item]:
        """Return the rows of dataset `name` of which `where` holds, oldest first.

        Raises ScriptError if it has none that can be searched, or too many that match.
        """
        find = self.dataset(name).find
        if find is None:
            raise refused(f"{name} is read by its key, and cannot be searched by scripts")
        kept = None if where is None else lambda row: where.holds(as_item(name, row))
        return [as_item(name, row) for row in self._asked(find, self.domain, kept, where)]

    def _asked(self, door: Callable[..., Any], *arguments: Any) -> Any:
        """Call a dataset. What strangers put into a message is of any type and length: a value
        that a row cannot take ends the run with a refusal, it does not poison it."""
        try:
            return door(*arguments)
        except (AttributeError, DataError, KeyError, TypeError, ValidationError, ValueError) as odd:
            log.info("dataset_refused", domain=self.domain, exc_info=True)
            raise refused(f"a value that the dataset does not take: {type(odd).__name__}") from None


def as_item(name: str, row: Row) -> Item:
    """Wrap a row as the value scripts hold: plain data, where a model may hold members of enums."""
    fields = {
        field: value.value if isinstance(value, Enum) else value
        for field, value in row.fields.items()
    }
    return Item(fields, set=name, key=row.key, state=row.state, version=row.version)
