"""Rows whose states start scripts: what a `post_save` receiver needs to know of a save."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self

from django.db import models


class Itemised(models.Model):
    """A model with fields, named in TRACKED, whose new values start handlers.

    `entries` counts the saves that brought about a new value. It is written with them, under the
    row's lock, so the same entering has the same number however often its transaction is tried,
    and entering a state again has another.
    """

    # The first is the state, which a row enters when it is made; what others begin with is no news.
    TRACKED: ClassVar[tuple[str, ...]] = ("state",)

    entries = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="How often it entered a state or status"
    )

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = {}
        self._entered: tuple[str, ...] = ()

    def save(self, *args: Any, **kwargs: Any) -> None:
        written = kwargs.get("update_fields")
        self._entered = self._entering(written)
        if self._entered:
            # From the number that is stored: a save that failed and is tried again counts once.
            self.entries = self._count() + 1
            if written is not None:
                kwargs["update_fields"] = written = {*written, "entries"}
        try:
            super().save(*args, **kwargs)
        finally:
            self._entered = ()
        self.remember(written)

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row.remember()
        return row

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any, Any] | None = None,
    ) -> None:
        fields = None if fields is None else list(fields)
        super().refresh_from_db(using, fields, from_queryset)
        self.remember(fields)

    def remember(self, names: Collection[str] | None = None) -> None:
        """Take the tracked values, or those of them in `names`, as the database's."""
        loaded = self.__dict__
        for name in (*self.TRACKED, "entries"):
            if name in loaded and (names is None or name in names):
                self._stored[name] = loaded[name]

    def enter_again(self, name: str) -> None:
        """Let the next save enter the value that the field has already: it is told once more."""
        self._stored.pop(name, None)

    def entered(self) -> tuple[str, ...]:
        """Return the tracked values that the save in progress has just brought about."""
        return self._entered

    def _count(self) -> int:
        if "entries" not in self._stored and not self._state.adding:
            self.refresh_from_db(fields=["entries"])  # it was loaded without
        return int(self._stored.get("entries", 0))

    def _entering(self, written: Collection[str] | None) -> tuple[str, ...]:
        names = self.TRACKED[:1] if self._state.adding else self.TRACKED
        return tuple(
            str(getattr(self, name))
            for name in names
            if (written is None or name in written)
            and getattr(self, name) != self._stored.get(name)
        )
