"""Rows of operators' datasets that were changed start their handlers, in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from scripts import library
from scripts.items.definition import read_definition
from scripts.items.rules import due_handlers
from scripts.models import Item
from scripts.services import start_run


def on_item_saved(sender: type[Item], instance: Item, **_: Any) -> None:
    """Start each handler of the change once: a repeat of the same version starts nothing."""
    change = instance.change
    if change is None or not instance.set.version:
        return
    definition = read_definition(instance.set.source, instance.set.name)
    for handler in due_handlers(definition, change):
        holders = {"Item": change.item, "New": change.new, "Old": change.old}
        start_run(
            library.version(instance.set.version),
            handler.script,
            domain=instance.set.domain,
            trigger=f"item:{instance.pk}:{change.version}",
            holders={definition.item: change.item, **holders},
            subject_id=str(instance.pk),
        )


def connect() -> None:
    """Connect the one receiver of the generic table."""
    post_save.connect(on_item_saved, sender=Item, dispatch_uid="scripts.item")
