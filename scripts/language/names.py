"""Which holders a script reads that nothing sets: most are mistyped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

# What the engine hands to handlers of item events (8.5).
EVENT = frozenset({"Item", "New", "Old"})
_LISTS = ("all", "any", "one", "type")


@dataclass
class Names:
    """The holders of one script: where each is first read, and which it sets or insists on."""

    read: dict[str, tuple[int, int]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


def unset(code: list[Any], inputs: set[str] | None) -> Iterator[tuple[str, int, int, str]]:
    """Yield (holder, line, column, nearest known) for what is read and never set.

    `inputs` are those that the file's own calls give; None when others may start the script. Then
    a capital letter may be an input, and is only doubted when it is near to a holder that is set.
    """
    names = names_of(code)
    known = names.known | EVENT | (inputs or set())
    for name, (line, column) in names.read.items():
        if name in known:
            continue
        lower = {each.lower(): each for each in known}
        close = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.75)
        near = lower[close[0]] if close else ""
        if near or inputs is not None or name[0].islower():
            yield name, line, column, near


def names_of(code: list[Any]) -> Names:
    """Return the holders that the instructions of a script read and set."""
    names = Names()
    for instruction in code:
        place = instruction[1], instruction[2]
        for operand in instruction[3:]:
            _walk(operand, names, place)
        for out in _outs(instruction):
            if out[1].startswith("{"):
                names.read.setdefault(out[1][1:], place)
            else:
                names.known.add(out[1])
        if instruction[0] == "assert":
            _insisted(instruction[3], names)
        if instruction[0] == "set":
            names.known.add(_root(instruction[3]))
    return names


def _outs(instruction: list[Any]) -> Iterator[list[Any]]:
    at = {"do": 5, "put": 4, "assert": 4, "run": 5, "next": 3, "try": 3, "case": 6, "parallel": 4}
    place = at.get(instruction[0])
    if place is not None and instruction[place] is not None:
        yield instruction[place]


def _walk(tree: Any, names: Names, place: tuple[int, int]) -> None:
    if isinstance(tree, dict):
        for part in tree.values():
            _walk(part, names, place)
    elif isinstance(tree, list) and tree:
        if tree[0] == "holder" and len(tree) == 2 and isinstance(tree[1], str):
            names.read.setdefault(tree[1], place)
        elif tree[0] != "lit":
            for part in tree:
                _walk(part, names, place)


def _insisted(assertion: dict[str, Any], names: Names) -> None:
    """Learn what the script asserts of its inputs: by `$.Inputs`, or of a holder alone."""
    context = assertion["context"]
    for line in assertion["lines"]:
        subjects = line[-1] if line[0] in _LISTS else [line[2]]
        for subject in subjects if isinstance(subjects, list) else []:
            if not isinstance(subject, list) or not subject:
                continue
            if subject[0] == "field" and context == ["system", "Inputs"] and subject[1]:
                names.known.add(subject[1][0])
            elif subject[0] == "holder" and context is None:
                names.known.add(subject[1])


def _root(tree: list[Any]) -> str:
    while tree[0] == "prop":
        tree = tree[1]
    return str(tree[1])
