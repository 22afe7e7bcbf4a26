"""Where results go: holders and their properties. Values are never shared, always copied."""

from __future__ import annotations

from typing import Any

from scripts.language.errors import ScriptError
from scripts.language.evaluation import bounded
from scripts.language.values import Item, is_empty


def assign(holders: dict[str, Any], out: list[Any] | None, value: Any) -> None:
    """Store a result in `$x`, `$x.Y` or at the end of a list; values are never shared."""
    if out is None:
        return
    mark, name, path = out
    if not path:
        holders[name] = _added(holders.get(name), value) if mark == "+>" else value
        return
    holder = holders.get(name)
    if holder is not None and not isinstance(holder, dict):
        raise ScriptError(f"${name} has no properties", kind="type")
    holders[name] = _placed(holder, path, mark, value)


def _added(old: Any, value: Any) -> list[Any]:
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
        copy[name] = _added(copy.get(name), value) if mark == "+>" else value
    return copy


def changed(value: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a map, or of an item, with changes. Raises ScriptError for others."""
    if is_empty(value):
        return dict(changes)
    if isinstance(value, Item):
        return Item({**value, **changes}, set=value.set, key=value.key, state=value.state)
    if isinstance(value, dict):
        return {**value, **changes}
    raise ScriptError("only maps have properties to set", kind="type")
