"""A stable layout of scripts: indentation, spacing, blank lines and the places of comments.

Only white space between things is changed. Texts stay as they were written, letter by letter: a
YAML library's own writer turns `{$x}` into `{$x: ''}`, and quotes what it takes for a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from scripts import library
from scripts.language.errors import LoadErrors
from scripts.language.source import LOADER

DASH = 2  # what stands after a dash
STEP = 4  # what stands below a key; below a command it is counted from the dash
Spot = tuple[int, int]


class LayoutRefused(Exception):
    """A script that cannot be laid out without changing what it means."""


def laid_out(source: str, *, file: str, name: str = "") -> str:
    """Return the script in its stable layout.

    Raises LoadErrors when it has faults, LayoutRefused when the layout would change its meaning.
    """
    meaning = _meaning(source, file, name)
    text = lay_out(source)
    try:
        again = _meaning(text, file, name)
    except LoadErrors:
        again = None
    if again != meaning:
        raise LayoutRefused(f"{file}: its layout would change what it means; it is left as it is")
    return text


def _meaning(source: str, file: str, name: str) -> Any:
    """Return the code of a script without its places. Raises LoadErrors."""
    compiled = library.compile_source(source, file=file, name=name).file
    scripts = [
        (each.name, [[op[0], *op[3:]] for op in each.code]) for each in compiled.scripts.values()
    ]
    return scripts, compiled.menu


@dataclass
class _Plan:
    """What is to become of each line (from 0) of the source."""

    indents: dict[int, int] = field(default_factory=dict)  # lines that begin with a dash or a key
    shifts: dict[int, int] = field(default_factory=dict)  # lines inside a text or a flow
    headers: set[int] = field(default_factory=set)
    gaps: dict[Spot, Spot] = field(default_factory=dict)  # white space to become one space
    ends: dict[int, int] = field(default_factory=dict)  # where a line's last text ends


class _Planner:
    """Walks the events of one document."""

    def __init__(self, source: str) -> None:
        self.lines = source.splitlines()
        self.plan = _Plan()
        self.events: Iterator[Event] = iter(list(yaml.parse(source, Loader=LOADER)))

    def read(self) -> _Plan:
        for event in self.events:
            if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
                self.node(event, 0, depth=0)
        return self.plan

    def node(self, event: Event, indent: int, *, depth: int, command: bool = False) -> None:
        """Plan a node whose dashes, keys or continued lines belong at `indent`."""
        if isinstance(event, ScalarEvent):
            self._scalar(event, indent)
        elif getattr(event, "flow_style", False):
            self._flow(event, indent)
        elif isinstance(event, SequenceStartEvent):
            self._sequence(event, indent, depth)
        elif isinstance(event, MappingStartEvent):
            self._mapping(indent, depth, STEP - DASH if command else STEP)

    def _sequence(self, event: Event, indent: int, depth: int) -> None:
        column = _start(event)[1]
        for item in self.events:
            if isinstance(item, SequenceEndEvent):
                return
            line, begins = _start(item)
            dash = line
            while dash > 0 and self.lines[dash][column : column + 1] != "-":
                dash -= 1
            self._place(dash, column, indent)
            if dash == line:
                self.plan.gaps[line, column + 1] = (line, begins)
            self.node(item, indent + DASH, depth=depth + 1, command=True)

    def _mapping(self, indent: int, depth: int, step: int) -> None:
        for key in self.events:
            if isinstance(key, MappingEndEvent):
                return
            line, column = _start(key)
            self._place(line, column, indent)
            if depth == 0:
                self.plan.headers.add(line)
            self.node(key, indent + step, depth=depth + 1)
            value = next(self.events)
            key_end, begins = _end(key), _start(value)
            if begins[0] == key_end[0] and not _is_blank(value):
                colon = self.lines[begins[0]].index(":", key_end[1])
                self.plan.gaps[begins[0], colon + 1] = begins
            # The lists of commands stand under their header's first letter.
            under_header = depth == 0 and isinstance(value, SequenceStartEvent)
            self.node(value, indent + (0 if under_header else step), depth=depth + 1)

    def _place(self, line: int, column: int, indent: int) -> None:
        """A dash or a key: if its line begins with it, the line is indented so."""
        if not self.lines[line][:column].strip():
            self.plan.indents[line] = indent

    def _scalar(self, event: ScalarEvent, indent: int) -> None:
        (first, _), (last, column) = _start(event), _end(event)
        block = event.style in ("|", ">")
        inside = list(range(first + 1, last if block or not column else last + 1))
        while inside and not self.lines[inside[-1]].strip() and not self._kept_blanks(event):
            inside.pop()
        if not block:
            self.plan.ends[last] = column
        written = [_indent(self.lines[each]) for each in inside if self.lines[each].strip()]
        if not written:
            return
        # `|2` counts from the line above, and keeps its distance; other texts go under it.
        counted = block and re.search(r"[|>][+-]?\d", self.lines[first]) is not None
        above = self.plan.indents.get(first, 0) - _indent(self.lines[first])
        shift = above if counted else indent - (written[0] if block else 0)
        for each in inside:
            own = _indent(self.lines[each])
            self.plan.shifts[each] = shift if block else indent - own

    def _kept_blanks(self, event: ScalarEvent) -> bool:
        """Say whether blank lines at a text's end belong to it: `|+`."""
        return re.search(r"[|>]\d?\+", self.lines[_start(event)[0]]) is not None

    def _flow(self, event: Event, indent: int) -> None:
        first, last, depth = _start(event)[0], _end(event)[0], 1
        while depth:
            inner = next(self.events)
            depth += isinstance(inner, SequenceStartEvent | MappingStartEvent)
            depth -= isinstance(inner, SequenceEndEvent | MappingEndEvent)
            last = _end(inner)[0]
            self.plan.ends[last] = _end(inner)[1]
        for each in range(first + 1, last + 1):
            closes = self.lines[each].strip()[:1] in ("]", "}")
            wanted = indent - DASH if closes else indent
            self.plan.shifts[each] = max(wanted, 1) - _indent(self.lines[each])


def lay_out(source: str) -> str:
    """Return the text in its layout; it must be YAML."""
    planner = _Planner(source)
    plan, lines = planner.read(), planner.lines
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number in plan.shifts:
            moved = max(_indent(line) + plan.shifts[number], 0)
            kept.append(" " * moved + line.lstrip() if line.strip() else line[: max(moved, 0)])
        elif not line.strip():
            kept.append("")
        elif number in plan.indents:
            kept.append(" " * plan.indents[number] + _spaced(line, number, plan).strip())
        elif line.lstrip().startswith("#"):
            kept.append(" " * _indent_below(plan, number) + line.strip())
        else:
            kept.append(line.rstrip())
    return "\n".join(_with_blank_lines(kept, plan)) + "\n"


def _spaced(line: str, number: int, plan: _Plan) -> str:
    """Return a line with one space where the plan says so, and two before a comment."""
    end = plan.ends.get(number)
    comment = re.match(r":?(\s+)#", line[end:]) if end is not None else None
    if end is not None and comment is not None:
        line = line[: end + comment.start(1)] + "  " + line[end + comment.end(1) :]
    gaps = [(spot[1], until[1]) for spot, until in plan.gaps.items() if spot[0] == number]
    for begins, until in sorted(gaps, reverse=True):
        line = line[:begins] + " " + line[until:]
    return line


def _with_blank_lines(kept: list[str], plan: _Plan) -> Iterator[str]:
    """Yield lines with one blank line at most between two, and one before each script."""
    starts = set()
    for header in plan.headers:
        start = header
        while start > 0 and kept[start - 1].startswith("#"):
            start -= 1
        starts.add(start)
    blank = True  # none at the beginning
    for number, line in enumerate(kept):
        if number in plan.shifts:
            yield line
            blank = False
            continue
        if not line:
            if not blank and any(kept[number:]) and number - 1 not in plan.headers:
                later = next(each for each in range(number, len(kept)) if kept[each])
                if later not in starts:
                    yield ""
                    blank = True
            continue
        if number in starts and not blank:
            yield ""
        yield line
        blank = False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _indent_below(plan: _Plan, number: int) -> int:
    """Return the indentation of what a comment stands above; none at the file's end."""
    below = [line for line in plan.indents if line > number]
    return plan.indents[min(below)] if below else 0


def _start(event: Event) -> Spot:
    return (event.start_mark.line, event.start_mark.column) if event.start_mark else (0, 0)


def _end(event: Event) -> Spot:
    return (event.end_mark.line, event.end_mark.column) if event.end_mark else (0, 0)


def _is_blank(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and event.value == "" and not event.style
