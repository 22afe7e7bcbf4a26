"""The definition of a dataset: YAML text to a table that is checked, its faults at their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scripts.functions import FUNCTIONS
from scripts.language.assertions import AssertionReader
from scripts.language.errors import LoadErrors
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import Vocabulary, nearest
from scripts.registry import registry

EVENTS = ("INSERTED", "UPDATED", "DELETED", "ALTERED")
KNOWN = {
    "prefix": "Prefix",
    "table": "Table",
    "item": "Item",
    "key": "Key",
    "keys": "Key",
    "parents": "Parents",
    "views": "Views",
    "handlers": "Handlers",
    "assert": "Assert",
    "asserts": "Assert",
}
NOT_YET = ("Cascade", "Children", "Distincts", "Expands", "Extends", "Propagate")
ENGINE = frozenset({"id", "state", "delete"})  # properties that the engine gives a meaning
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
_STATE = re.compile(r"[A-Z][A-Z0-9_-]{0,49}")
_VOCABULARY = Vocabulary({}, FUNCTIONS)


@dataclass(frozen=True)
class Handler:
    """A script that an event or a state starts; `before` is the state that must come first."""

    script: str
    event: str = ""
    state: str = ""
    before: str = ""
    field: str = ""
    assertion: dict[str, Any] | None = None


@dataclass(frozen=True)
class Definition:
    """What a dataset is: its names, its key, its rules and what follows its events."""

    name: str = ""
    item: str = ""
    keys: tuple[str, ...] = ()
    parents: dict[str, str] = field(default_factory=dict)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    handlers: tuple[Handler, ...] = ()
    assertion: dict[str, Any] | None = None
    states: frozenset[str] = frozenset()


@lru_cache(maxsize=256)
def read_definition(source: str, file: str = "dataset.yaml") -> Definition:
    """Return what the YAML text defines. Raises LoadErrors with every fault, at its line."""
    reader = Reader(file)
    root = reader.read(source)
    parts: dict[str, Any] = {}
    if root is not None and root.pairs:
        parts = _Sections(reader).read(root)
    elif not reader.faults:
        reader.fault("a dataset is a map with Prefix, Table and Item", 1, 1)
    if reader.faults:
        raise LoadErrors(sorted(reader.faults, key=lambda each: (each.line, each.column)))
    return Definition(**parts)


class _Sections:
    """Reads the sections of a definition; a fault never stops the reading of the rest."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.states: set[str] = set()

    def read(self, root: Node) -> dict[str, Any]:
        """Return the fields of a Definition."""
        found: dict[str, tuple[Node, Node]] = {}
        for key, body in root.pairs or []:
            name = self._section(key)
            if name in found:
                self._fault(key, f"{name} is given twice")
            elif name:
                found[name] = (key, body)
        for name in ("Prefix", "Table", "Item"):
            if name not in found:
                self._fault(root, f"a dataset needs {name}")
        parts: dict[str, Any] = {}
        readers = {
            "Key": self._key,
            "Parents": self._parents,
            "Views": self._views,
            "Assert": self._assert,
            "Handlers": self._handlers,
        }
        for name, (key, body) in found.items():
            read = readers.get(name)
            if read is None:
                parts[name.lower()] = self._name(body)
            else:
                parts.update(read(key, body))
        full = f"{parts.pop('prefix', '')}.{parts.pop('table', '')}"
        if full in registry.datasets:
            self._fault(root, f"{full} is a dataset of this deployment", "choose another name")
        return {**parts, "name": full, "states": frozenset(self.states)}

    def _section(self, key: Node) -> str:
        text = (key.text or "").strip()
        if text in NOT_YET:
            self._fault(key, f"{text} is not supported in this release")
            return ""
        name = KNOWN.get(text.lower(), "")
        if not name:
            hint = nearest(text, sorted(set(KNOWN.values()))) or "see Prefix, Table, Item, Key"
            self._fault(key, f"a dataset has no {text}", hint)
        return name

    def _name(self, node: Node) -> str:
        text = (node.text or "").strip()
        if not _NAME.fullmatch(text):
            self._fault(node, f"{text[:40]!r} is not a name", "letters, digits, _ and - only")
        return text

    def _key(self, key: Node, body: Node) -> dict[str, Any]:
        names = tuple(self._name(each) for each in self._listed(body))
        for name in names:
            if name.lower() in ENGINE:
                self._fault(body, f"{name} cannot be in the key", "every row has its ID anyway")
        if len({name.lower() for name in names}) < len(names):
            self._fault(body, "a property is twice in the key")
        return {"keys": names}

    def _parents(self, key: Node, body: Node) -> dict[str, Any]:
        """`Parents: {Reader: Library.Readers}`: the property, and the dataset its key is of."""
        parents = {}
        if body.pairs is None:
            self._fault(body, "Parents is a map", "write Reader: Library.Readers")
        for name, part in body.pairs or []:
            target = (part.text or "").strip()
            if not re.fullmatch(rf"{_NAME.pattern}\.{_NAME.pattern}", target):
                self._fault(part, "a parent is a dataset", "write Reader: Library.Readers")
            parents[self._name(name)] = target
        return {"parents": parents}

    def _views(self, key: Node, body: Node) -> dict[str, Any]:
        if body.pairs is None:
            self._fault(body, "Views is a map of names and conditions")
        return {"views": {self._name(name): self._block(part) for name, part in body.pairs or []}}

    def _assert(self, key: Node, body: Node) -> dict[str, Any]:
        for name, part in body.pairs or []:
            if (name.text or "").strip(".").lower() in ("state.isin", "state.in"):
                self.states.update((each.text or "").strip() for each in self._listed(part))
        return {"assertion": self._block(body)}

    def _block(self, node: Node) -> dict[str, Any]:
        return AssertionReader(self.reader, _VOCABULARY, has_context=True).block(node, None)

    # -- handlers ---------------------------------------------------------------------------

    def _handlers(self, key: Node, body: Node) -> dict[str, Any]:
        if body.pairs is None:
            self._fault(body, "Handlers is a map", "write OPEN >> OnLoanOpen:")
        handlers = [each for pair in body.pairs or [] for each in self._handler(*pair)]
        self.states.update(each.state for each in handlers if each.state)
        self.states.update(each.before for each in handlers if each.before)
        return {"handlers": tuple(handlers)}

    def _handler(self, key: Node, body: Node) -> list[Handler]:
        """Read `OPEN >> H:`, `A > B >> H:`, `UPDATED.Field >> H:`, `OPEN: H`, `H: {Events: A}`."""
        text = (key.text or "").strip()
        event, arrow, script = (part.strip() for part in text.partition(">>"))
        if arrow:
            assertion = self._filter(body)
            return self._events(key, [event], script, assertion)
        if body.text is not None and not body.is_blank:
            return self._events(key, [text], body.text.strip(), None)
        events: list[str] = []
        assertion = None
        for name, part in body.pairs or []:
            if name.text == "Events":
                events = [(each.text or "").strip() for each in self._listed(part)]
            elif name.text == "Assert":
                assertion = self._block(part)
            else:
                self._fault(name, f"a handler has no {name.text}", "it has Events and Assert")
        if not events:
            self._fault(key, "a handler names its events", "write OPEN >> OnLoanOpen:")
        return self._events(key, events, text, assertion)

    def _filter(self, body: Node) -> dict[str, Any] | None:
        if body.is_blank:
            return None
        for name, part in body.pairs or []:
            if name.text == "Assert" and len(body.pairs or []) == 1:
                return self._block(part)
        self._fault(body, "a handler has only Assert below it")
        return None

    def _events(
        self, key: Node, events: list[str], script: str, assertion: dict[str, Any] | None
    ) -> list[Handler]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.@-]*", script):
            self._fault(key, f"{script[:40]!r} is not the name of a script")
        return [self._event(key, event, script, assertion) for event in events]

    def _event(
        self, key: Node, text: str, script: str, assertion: dict[str, Any] | None
    ) -> Handler:
        before, arrow, state = (part.strip() for part in text.partition(">"))
        if not arrow:
            before, state = "", text
        event, _, name = state.partition(".")
        if event in EVENTS and not arrow:
            return Handler(script, event=event, field=name, assertion=assertion)
        for each in (before, state) if arrow else (state,):
            if not _STATE.fullmatch(each):
                hint = nearest(each.upper(), EVENTS) or "states are in capitals"
                self._fault(key, f"{each!r} is neither a state nor an event", hint)
        return Handler(script, state=state, before=before, assertion=assertion)

    def _listed(self, node: Node) -> list[Node]:
        if node.items is not None:
            return node.items
        texts = [part.strip() for part in (node.text or "").split(",")]
        return [Node(node.line, node.column, text=text) for text in texts if text]

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.fault(message, node.line, node.column, hint)
