"""YAML text to nodes that know their place: text stays text, and nothing is resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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

from scripts.language import traps
from scripts.language.errors import ScriptSyntaxError
from scripts.language.limits import limits

# libyaml's parser, twenty times as fast; the one in Python where PyYAML was built without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BRACKETS = {"(": ")", "[": "]", "{": "}"}
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_EXPRESSION = re.compile(r"[$./]|[A-Za-z_]\w*\(")
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")  # where YAML begins a line
_CUT = re.compile(r"[ \t]+#(\w+)")
MOST_REPAIRS = 50


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
    end_line: int = 0  # of a plain text, which may go on over lines

    @property
    def is_scalar(self) -> bool:
        return self.text is not None

    @property
    def is_blank(self) -> bool:
        """Nothing was written: `key:` with no value."""
        return self.text == "" and not self.quoted


@dataclass
class Reader:
    """Builds nodes from YAML events; all faults are collected, and what was odd but not wrong.

    `command` is the word of the command that is read now: every fault names it.
    """

    file: str
    faults: list[ScriptSyntaxError] = field(default_factory=list)
    warnings: list[ScriptSyntaxError] = field(default_factory=list)
    command: str = ""
    lines: list[str] = field(default_factory=list)

    def fault(self, message: str, line: int, column: int, hint: str = "") -> ScriptSyntaxError:
        error = self._error(message, line, column, hint)
        self.faults.append(error)
        return error

    def warn(self, message: str, line: int, column: int, hint: str = "") -> None:
        self.warnings.append(self._error(message, line, column, hint))

    def _error(self, message: str, line: int, column: int, hint: str) -> ScriptSyntaxError:
        if self.command and self.command not in message:
            message = f"{self.command}: {message}"
        return ScriptSyntaxError(message, self.file, line, column, hint, self.command)

    def read(self, source: str) -> Node | None:
        """Return the document's node; None, with faults, when it is not YAML of our kind.

        A command that is not YAML is left out and the rest is read, so that all faults are told.
        """
        source = _BREAK.sub("\n", source.removeprefix("\ufeff"))
        if len(source.encode("utf-8", "replace")) > limits.script_bytes:
            self.fault(f"the file is longer than {limits.script_bytes} bytes", 1, 1)
            return None
        odd = _UNPRINTABLE.search(source)
        if odd is not None:
            before = source[: odd.start()]
            self.fault(
                _odd_character(odd),
                before.count("\n") + 1,
                len(before) - before.rfind("\n"),
            )
            return None
        self.lines = source.split("\n")
        lines = list(self.lines)
        for _ in range(MOST_REPAIRS):
            events = self._events("\n".join(lines))
            if not isinstance(events, int):
                return self._document(iter(events))
            if not traps.leave_out(lines, events):
                return None
        return None

    def _events(self, source: str) -> list[Event] | int:
        """Return the events of a file, or the number of the line (from 0) where it is not YAML."""
        try:
            return list(yaml.parse(source, Loader=LOADER))
        except yaml.MarkedYAMLError as error:
            trap = traps.explain(self.lines, error)
            self.command = traps.command_of(self.lines[trap.line])
            self.fault(trap.message, trap.line + 1, trap.column + 1, trap.hint)
            self.command = ""
            return trap.line
        except (yaml.YAMLError, ValueError, TypeError, AttributeError, IndexError, KeyError) as bad:
            # The YAML library raises these for odd characters and odd directives.
            self.fault(f"not YAML: {bad}".splitlines()[0], 1, 1)
            return -1

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
            self.fault("anchors and aliases are not allowed", line, column, traps.QUOTE)
        elif getattr(event, "tag", None):
            self.fault("tags are not allowed", line, column, traps.QUOTE)
        if depth > limits.depth:
            raise self.fault("nested too deep", line, column)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, line, column)
        if isinstance(event, SequenceStartEvent):
            node = Node(line, column, items=[], flow=bool(event.flow_style))
            for each in events:
                if isinstance(each, SequenceEndEvent):
                    break
                node.items.append(self._node(each, events, depth + 1))  # type: ignore[union-attr]
            return node
        if isinstance(event, MappingStartEvent):
            node = Node(line, column, pairs=[], flow=bool(event.flow_style))
            return self._mapping(node, events, depth)
        return Node(line, column, text="*")

    def _scalar(self, event: ScalarEvent, line: int, column: int) -> Node:
        quoted = event.style in ("'", '"')
        if not event.style and event.end_mark is not None and event.value:
            end = event.end_mark
            cut = _CUT.match(self.lines[end.line][end.column :]) if self._is_line(end) else None
            if cut is not None and not traps.is_left_out(event.value):
                self.fault(
                    f"the text is cut at #{cut[1]}, because # begins a comment",
                    end.line + 1,
                    end.column + cut.start(1),
                    f"{traps.QUOTE}, or put a space behind the # of a comment",
                )
        text = event.value or ("!" if event.tag else "")
        odd = _UNPRINTABLE.search(text)  # written as an escape, such as \0
        if odd is not None:
            self.fault(_odd_character(odd), line, column)
        plain = not event.style and event.end_mark is not None
        end_line = event.end_mark.line + 1 if plain and event.end_mark else line
        return Node(line, column, text=text, quoted=quoted, end_line=end_line)

    def _is_line(self, mark: Any) -> bool:
        return mark.line < len(self.lines)

    def _mapping(self, node: Node, events: Iterator[Event], depth: int) -> Node:
        seen: set[str] = set()
        end = None
        for event in events:
            if isinstance(event, MappingEndEvent):
                end = event.end_mark
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.text is None:
                key = _rejoined(key) or key
            if key.text is None:
                self.fault("a key must be text", key.line, key.column, traps.QUOTE)
                continue
            if key.text == "<<":
                self.fault("YAML merges are not allowed", key.line, key.column, "write :$holder:")
            if key.text in seen:
                self.fault(f"the key {key.text} is given twice", key.line, key.column)
                continue
            seen.add(key.text)
            node.pairs.append(self._mended(key, value))  # type: ignore[union-attr]
        span = self._span(node, end) if node.flow and end is not None else ""
        return _expression_map(node, span)

    def _mended(self, key: Node, value: Node) -> tuple[Node, Node]:
        """Join what YAML cut at an inner `: ` while a bracket was open: `$s.First({A: $x})`."""
        text = key.text or ""
        if key.quoted or not value.is_scalar or _balanced(text):
            return key, value
        whole = f"{text}: {value.text}"
        if not _balanced(whole):
            return key, value
        self.warn("an expression with ': ' in it", key.line, key.column, traps.QUOTE)
        return (
            Node(key.line, key.column, text=whole),
            Node(value.line, value.column, text=""),
        )

    def _span(self, node: Node, end: Any) -> str:
        """Return the source of a flow map that stands on one line, without its braces."""
        if end.line + 1 != node.line or not self._is_line(end):
            return ""
        text = self.lines[end.line][node.column - 1 : end.column]
        return text[1:-1].strip() if text[:1] == "{" and text[-1:] == "}" else ""


def _rejoined(key: Node) -> Node | None:
    """`{$x}` as a key: a flow map of one blank pair is the expression it looks like."""
    if key.pairs and key.flow and len(key.pairs) == 1 and key.pairs[0][1].is_blank:
        return Node(key.line, key.column, text="{" + (key.pairs[0][0].text or "") + "}")
    return None


def _expression_map(node: Node, span: str) -> Node:
    """Turn `{$x}` and `{.Now}` back into text, and split compact pairs such as `{A:1}`."""
    pairs = node.pairs or []
    if not node.flow or not pairs:
        return node
    first = pairs[0][0]
    if all(value.is_blank for _, value in pairs) and not first.quoted:
        text = span or (first.text or "" if len(pairs) == 1 else "")
        alone = len(pairs) == 1 or not _balanced(first.text or "")
        if alone and _EXPRESSION.match(text):
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
        elif open_brackets and character in ")]}":
            open_brackets.pop()
    return not open_brackets


def _odd_character(found: re.Match[str]) -> str:
    return f"a character that cannot be in a script: U+{ord(found[0]):04X}"
