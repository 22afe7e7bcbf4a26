"""The literal tables that apps fill in `ready()`: commands, datasets and shipped script folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

if TYPE_CHECKING:
    from scripts.language.continuation import Call
    from scripts.language.vocabulary import CommandSpec
    from scripts.reading import Reading
    from scripts.step import Step


@dataclass(frozen=True)
class Command:
    """One command word: its grammar and what it does.

    `execute(step, call)` returns a value, `Wait` or `Enter`; `resume(step, call, memo, signal)`
    is called when a parked one gets its signal; `calls` names shipped scripts it enters, so that
    their versions are pinned together with the caller's. What a command that only reads does is
    its `look` too: handlers of public questions may use no other.
    """

    spec: CommandSpec
    execute: Callable[[Step, Call], Any]
    resume: Callable[[Step, Call, Any, Any], Any] | None = None
    calls: tuple[str, ...] = ()
    look: Callable[[Reading, Call], Any] | None = None


@dataclass(frozen=True)
class Row:
    """A dataset row as scripts see it: `key` finds it again, `fields` use the protocol's names.

    `version` counts its changes, where a dataset guards its rows by that.
    """

    key: str
    fields: dict[str, Any]
    version: int = 0

    @property
    def state(self) -> str:
        return str(self.fields.get("STATE") or "")


@dataclass(frozen=True)
class Write:
    """A SAVE: `key` and `state` are those of the item read before; both empty for an insert.

    `version` is the one that was read; 0 where only the state guards: in a handler of the row.
    `trigger` is what started the run that saves.
    """

    domain: str
    fields: dict[str, Any]
    key: str = ""
    state: str = ""
    run: str = ""
    origin: str = ""
    version: int = 0
    trigger: str = ""


@dataclass(frozen=True)
class Dataset:
    """A named set of rows of one hosted domain. `read(domain, key)` returns a Row or None, and
    `insert`/`update` return the Row after the write; None means the set cannot be written so.

    `delete(write, undo_until)` returns the Row it deleted, and `find(domain, keep, where)`
    all rows that scripts may search and `keep` holds of, oldest first; `where` is the assertion
    that `keep` evaluates, for what of it the database can answer. `keys` are the properties that
    make the key, `parents` maps those that hold the key of a row elsewhere to its dataset.
    `whole` says that SAVE of an item without fields saves all of it. `model` is what its rows'
    keys are the primary keys of, so that what a script has read can be kept as it is until it
    commits; operators' datasets are held whole instead.
    """

    read: Callable[[str, Any], Row | None]
    insert: Callable[[Write], Row] | None = None
    update: Callable[[Write], Row] | None = None
    delete: Callable[[Write, datetime | None], Row] | None = None
    find: Callable[..., list[Row]] | None = None
    keys: tuple[str, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    model: type[Model] | None = None


# Withdraws what a run has open: (its id, the mailboxes that it was open for; None for all of it).
Ending = Callable[[UUID, "list[str] | None"], None]


@dataclass
class Registry:
    """Everything registered by the apps of this deployment."""

    commands: dict[str, Command] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    libraries: dict[str, Path] = field(default_factory=dict)
    handlers: dict[str, str] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    pins: list[Callable[[], list[str]]] = field(default_factory=list)
    farewell: Callable[[Step, str], None] | None = None


registry = Registry()


def _add(table: dict[str, Any], entries: Mapping[str, Any], kind: str) -> None:
    for name, entry in entries.items():
        if table.setdefault(name, entry) is not entry:
            raise ImproperlyConfigured(f"two apps register the {kind} {name}")


def register_commands(entries: Mapping[str, Command]) -> None:
    """Add command words. Raises ImproperlyConfigured when a word is taken."""
    _add(registry.commands, entries, "command")


def register_datasets(entries: Mapping[str, Dataset]) -> None:
    """Add datasets by name, such as `Issuer.Tokens`. Raises ImproperlyConfigured when taken."""
    _add(registry.datasets, entries, "dataset")


def register_farewell(say: Callable[[Step, str], None]) -> None:
    """Say who tells the chat of a run that the engine ends, in its last transaction."""
    registry.farewell = say


def register_library(name: str, folder: Path) -> None:
    """Add a role's folder of shipped scripts. Raises ImproperlyConfigured when taken."""
    _add(registry.libraries, {name: folder}, "script library")


def register_handlers(entries: Mapping[str, str]) -> None:
    """Say which library's script handles a subject. Raises ImproperlyConfigured when taken."""
    _add(registry.handlers, entries, "handler of")


def register_ending(withdraw: Ending) -> None:
    """Add what withdraws the questions or offers of a run that ends, or gives up waiting."""
    registry.endings.append(withdraw)


def register_pins(pinned: Callable[[], list[str]]) -> None:
    """Add what returns the hashes of versions that an app's rows open, so that they are kept."""
    registry.pins.append(pinned)
