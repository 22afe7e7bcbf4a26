"""What a wallet holds, as its broker tells it in pages: the newest rows first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_PAGES = 200
TITLES = ("Domains", "Schemas")  # of the tokens on the same page


def whole_view(ask: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return the lists of `Frontend@Broker` whole; `ask(body)` sends it and returns the answer.

    A broker that knows no pages gives all at once. Raises what `ask` raises.
    """
    view = ask({})
    more = view.pop("More", None)
    for _ in range(MOST_PAGES):
        if not isinstance(more, dict) or not more:
            break
        sets = [*more, *(TITLES if "Tokens" in more else ())]
        older = ask({"Sets": sets, "Cursor": more})
        more = older.pop("More", None)
        for name in sets:
            view[name] = _joined(older.get(name), view.get(name))
    return view


def _joined(older: Any, newer: Any) -> Any:
    if isinstance(older, list) and isinstance(newer, list):
        return older + newer
    if isinstance(older, dict) and isinstance(newer, dict):
        return older | newer
    return newer
