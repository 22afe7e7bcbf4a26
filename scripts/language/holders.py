"""Where results go: holders and their properties. Values are never shared, always copied."""

from __future__ import annotations

from typing import Any

from scripts.language.continuation import Frame, Written
from scripts.language.errors import ScriptError
from scripts.language.evaluation import bounded
from scripts.language.limits import limits
from scripts.language.values import Item, is_empty, to_text
from scripts.language.work import spend

# What measuring a value knows already: the containers it has seen, alive, with size and depth.
Sizes = dict[int, tuple[Any, int, int]]
DEEPEST = 100


def assign(frame: Frame, out: list[Any] | None, value: Any, sizes: Sizes, part: Any = None) -> None:
    """Store a result in `$x`, `$x.Y`, at the end of a list, or where `{$x}` names.

    `part` says which properties a SET has changed, for branches to be joined. Raises ScriptError.
    """
    if out is None:
        return
    mark, name, path = out
    if name.startswith("{"):
        name = _indirect(frame, name[1:])
    if name.startswith("."):
        _assign_system(frame, name, value)
        return
    old = frame.holders.get(name)
    new: Any
    if path:
        if old is not None and not isinstance(old, dict):
            raise ScriptError(f"${name} has no properties", kind="type")
        new = _placed(old, path, mark, value)
    else:
        new = added(old, value) if mark == "+>" else value
    if isinstance(new, list | dict | str):
        check_size(name, new, sizes)
    frame.holders[name] = new
    if frame.written is not None:
        _record(frame.written, out, name, value, new, part)


def _indirect(frame: Frame, name: str) -> str:
    """Return the holder whose name is stored in another (3.3)."""
    named = to_text(frame.holders.get(name)).strip().removeprefix("$")
    if not named.isidentifier():
        raise ScriptError(f"${name} does not hold the name of a holder", kind="type")
    return named


def _assign_system(frame: Frame, name: str, value: Any) -> None:
    """Change what this script sees as `$.Inputs` or `$.Msg`; the stored message stays as it is."""
    if name == ".Inputs" and isinstance(value, dict):
        frame.inputs = dict(value)
        frame.holders.update(value)
        return
    frame.holders[name] = value


def added(old: Any, value: Any) -> list[Any]:
    """Return a list with a value, or with all of a list, at its end. Raises ScriptError."""
    if is_empty(old):
        old = []
    if not isinstance(old, list):
        raise ScriptError("+> needs a list", kind="type")
    return bounded([*old, *(value if isinstance(value, list) else [value])])


def _placed(old: Any, path: list[str], mark: str, value: Any) -> dict[str, Any]:
    copy = changed(old, {})
    name = path[0]
    if len(path) > 1:
        copy[name] = _placed(copy.get(name) or {}, path[1:], mark, value)
    else:
        copy[name] = added(copy.get(name), value) if mark == "+>" else value
    return copy


def changed(value: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a map, or of an item, with changes. Raises ScriptError for others."""
    if is_empty(value):
        return dict(changes)
    spend(2 + len(value) // 5 + len(changes) // 5 if isinstance(value, dict) else 2)
    if isinstance(value, Item):
        return value.but({**value, **changes})
    if isinstance(value, dict):
        return {**value, **changes}
    raise ScriptError("only maps have properties to set", kind="type")


# -- how large ----------------------------------------------------------------------------------


def check_size(name: str, value: Any, sizes: Sizes) -> None:
    """Refuse a value that would be too long or too deep when it is stored. Raises ScriptError.

    Values share their parts in memory, but not as JSON: a list of itself, twice, thirty times, is
    small here and a thousand million texts there.
    """
    size, depth = measured(value, sizes)
    if size > limits.holder_bytes:
        raise ScriptError(f"${name} is larger than {limits.holder_bytes} bytes", kind="limit")
    if depth > DEEPEST:
        raise ScriptError(f"${name} is nested deeper than {DEEPEST}", kind="limit")


def measured(value: Any, sizes: Sizes) -> tuple[int, int]:
    """Return about how many bytes a value is as JSON, and how deep; each container once."""
    if isinstance(value, str):
        return len(value) + 2, 0
    if not isinstance(value, list | dict):
        return 8, 0
    known = sizes.get(id(value))
    if known is not None:
        return known[1], known[2]
    spend(1 + len(value) // 2)
    size, depth = 2, 0
    if isinstance(value, dict):
        size += sum(len(key) + 3 for key in value)
    for part in value.values() if isinstance(value, dict) else value:
        inner, below = measured(part, sizes)
        size, depth = size + inner + 1, max(depth, below)
    sizes[id(value)] = (value, size, depth + 1)
    return size, depth + 1


# -- branches -----------------------------------------------------------------------------------


def _record(
    written: dict[str, Written], out: list[Any], name: str, value: Any, new: Any, part: Any
) -> None:
    """Note what a branch has done to a holder, so that it can be done to its parent's (5.1.2)."""
    mark, _, path = out
    how: str = "put"
    what: Any = None
    if part is not None and not path:
        how, what = "set", part
    elif path:
        how, what = "set", {path[0]: new[path[0]]}
    elif mark == "+>":
        how, what = "add", value if isinstance(value, list) else [value]
    old = written.get(name)
    if old is None:
        written[name] = Written(how, new, what)
    elif old.how == "own":
        old.value = new
    elif old.how == how == "add":
        written[name] = Written(how, new, [*old.part, *what])
    elif old.how == how == "set":
        written[name] = Written(how, new, {**old.part, **what})
    else:
        written[name] = Written("put", new)


def join(frame: Frame, written: dict[str, Written], sizes: Sizes) -> None:
    """Do to a frame what one of its branches has done. Raises ScriptError."""
    for name, each in written.items():
        if each.how == "put":
            assign(frame, [">>", name, []], each.value, sizes)
        elif each.how == "add":
            assign(frame, ["+>", name, []], each.part, sizes)
        elif each.how == "set":
            new = changed(frame.holders.get(name), each.part)
            assign(frame, [">>", name, []], new, sizes, each.part)
