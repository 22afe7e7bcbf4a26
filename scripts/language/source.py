"""YAML text to nodes that know their place: text stays text, and nothing is resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from scripts.language.errors import ScriptSyntaxError
from scripts.language.limits import limits

# libyaml's parser, twenty times as fast; the one in Python where PyYAML was built without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Node:
    """A piece of a file. `text` for scalars, `items` for lists, `pairs` for maps."""

    line: int
    column: int
    text: str | None = None
    quoted: bool = False
    items: list[Node] | None = None
    pairs: list[tuple[Node, Node]] | None = None
    flow: bool = False

    @property
    def is_scalar(self) -> bool:
        return self.text is not None

    @property
    def is_blank(self) -> bool:
        """Nothing was written: `key:` with no value."""
        return self.text == "" and not self.quoted


@dataclass
class Reader:
    """Builds nodes from YAML events; faults are collected in `faults` where reading can go on."""

    file: str
    faults: list[ScriptSyntaxError] = field(default_factory=list)

    def fault(self, message: str, line: int, column: int, hint: str = "") -> ScriptSyntaxError:
        error = ScriptSyntaxError(message, self.file, line, column, hint)
        self.faults.append(error)
        return error

    def read(self, source: str) -> Node | None:
        """Return the document's node; None, with faults, when it is not YAML of our kind."""
        try:
            events = iter(list(yaml.parse(source, Loader=LOADER)))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.fault(
                f"not YAML: {error.problem or error.context}",
                line,
                column,
                "quote texts that hold ': ', '#' or begin with a bracket",
            )
            return None
        except (
            yaml.YAMLError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            KeyError,
        ) as error:
            # The YAML library raises these for odd characters and odd directives.
            self.fault(f"not YAML: {error}".splitlines()[0], 1, 1)
            return None
        return self._document(events)

    def _document(self, events: Iterator[Event]) -> Node | None:
        documents = 0
        root: Node | None = None
        try:
            for event in events:
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                elif isinstance(
                    event, ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent
                ):
                    node = self._node(event, events, 0)
                    root = root or node
        except ScriptSyntaxError:
            return None
        if documents > 1:
            self.fault("a script file holds one YAML document", 1, 1)
        return root

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise self.fault("anchors and aliases are not allowed", line, column)
        if getattr(event, "tag", None):
            raise self.fault("tags are not allowed", line, column)
        if depth > limits.depth:
            raise self.fault("nested too deep", line, column)
        if isinstance(event, ScalarEvent):
            quoted = event.style in ("'", '"')
            return Node(line, column, text=event.value, quoted=quoted)
        if isinstance(event, SequenceStartEvent):
            node = Node(line, column, items=[], flow=bool(event.flow_style))
            for each in events:
                if isinstance(each, SequenceEndEvent):
                    break
                node.items.append(self._node(each, events, depth + 1))  # type: ignore[union-attr]
            return node
        return self._mapping(
            Node(line, column, pairs=[], flow=bool(event.flow_style)),  # type: ignore[attr-defined]
            events,
            depth,
        )

    def _mapping(self, node: Node, events: Iterator[Event], depth: int) -> Node:
        seen: set[str] = set()
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.text is None:
                key = _rejoined(key) or key
            if key.text is None:
                raise self.fault("a key must be text", key.line, key.column)
            if key.text == "<<":
                raise self.fault("YAML merges are not allowed", key.line, key.column)
            if key.text in seen:
                raise self.fault(f"the key {key.text} is given twice", key.line, key.column)
            seen.add(key.text)
            node.pairs.append(_mended(key, value))  # type: ignore[union-attr]
        return _expression_map(node)


def _rejoined(key: Node) -> Node | None:
    """`{$x}` as a key: a flow map of one blank pair is the expression it looks like."""
    if key.pairs and key.flow and len(key.pairs) == 1 and key.pairs[0][1].is_blank:
        return Node(key.line, key.column, text="{" + (key.pairs[0][0].text or "") + "}")
    return None


def _mended(key: Node, value: Node) -> tuple[Node, Node]:
    """Join what YAML cut at an inner `: ` while a bracket was open, as in `$s.First({A: $x})`."""
    text = key.text or ""
    if key.quoted or _balanced(text) or not value.is_scalar:
        return key, value
    whole = Node(key.line, key.column, text=f"{text}: {value.text}")
    return whole, Node(value.line, value.column, text="")


def _expression_map(node: Node) -> Node:
    """Turn `{$x}` and `{.Now}` back into text, and split compact pairs such as `{A:1}`."""
    pairs = node.pairs or []
    if not node.flow:
        return node
    if len(pairs) == 1 and pairs[0][1].is_blank and not pairs[0][0].quoted:
        text = pairs[0][0].text or ""
        if text[:1] in ("$", ".", "/") or (text.endswith(")") and "(" in text):
            return Node(node.line, node.column, text="{" + text + "}")
    node.pairs = [_split(key) if value.is_blank else (key, value) for key, value in pairs]
    return node


def _split(key: Node) -> tuple[Node, Node]:
    name, colon, rest = (key.text or "").partition(":")
    blank = Node(key.line, key.column, text="")
    if key.quoted or not colon or not name:
        return key, blank
    return (
        Node(key.line, key.column, text=name),
        Node(key.line, key.column + len(name) + 1, text=rest),
    )


def _balanced(text: str) -> bool:
    """Say whether every bracket that is opened in `text` is closed."""
    open_brackets: list[str] = []
    for character in text:
        if character in BRACKETS:
            open_brackets.append(BRACKETS[character])
        elif character in BRACKETS.values() and open_brackets:
            open_brackets.pop()
    return not open_brackets
