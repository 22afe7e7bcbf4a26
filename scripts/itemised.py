"""Rows whose states start scripts: what a `post_save` receiver needs to know of a save."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models


class Itemised(models.Model):
    """A model with fields, named in TRACKED, whose new values start handlers."""

    TRACKED: ClassVar[tuple[str, ...]] = ("state",)

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        self.remember()

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row.remember()
        return row

    def remember(self) -> None:
        """Take the tracked values as those the database holds."""
        loaded = self.__dict__
        self._stored = {name: loaded[name] for name in self.TRACKED if name in loaded}

    def entered(self) -> tuple[str, ...]:
        """Return the tracked values that the save in progress has just brought about."""
        return tuple(
            str(getattr(self, name))
            for name in self.TRACKED
            if getattr(self, name) != self._stored.get(name)
        )
