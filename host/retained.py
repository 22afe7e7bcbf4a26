"""How long a host's rows are kept: chats that ended or nobody uses, and what was said there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from host.models import Prompt, Registered, Talker
from host.states import TALKING
from messaging.retention import Ends, Goes, Kept, Rows, Rule, days
from scripts import returns
from scripts.models import Run
from scripts.retained import without_live_runs
from scripts.states import UNENDED


def _quiet(rows: Rows, cutoff: datetime) -> Rows:
    """Leave out chats in which something was said since the cutoff."""
    said = Prompt.objects.filter(chat=OuterRef("pk"))
    return rows.filter(~Exists(said.filter(Q(created_at__gte=cutoff) | Q(replied_at__gte=cutoff))))


def _without_talking_runs(found: list[Any]) -> Iterable[Any]:
    """Leave out chats that a run which has not ended speaks in."""
    ids, chats = [str(row.pk) for row in found], [str(row.chat) for row in found]
    speaking = Run.objects.filter(
        Q(chat__ID__in=ids) | Q(chat__Chat__in=chats),
        domain__in={row.domain for row in found},
        state__in=UNENDED,
    )
    keys: list[dict[str, Any]] = [key or {} for key in speaking.values_list("chat", flat=True)]
    held = {str(value) for key in keys for value in key.values()}
    free = [row for row in found if str(row.pk) not in held and str(row.chat) not in held]
    return without_live_runs(free)


def _end_returns(found: list[Any]) -> None:
    """Lines of a chat that goes lead back to their runs no more, so that those may end too."""
    _close_returns(list(Prompt.objects.filter(chat__in=found).select_related("chat")))


def _close_returns(found: list[Any]) -> None:
    for domain in {prompt.chat.domain for prompt in found}:
        names = [str(prompt.pk) for prompt in found if prompt.chat.domain == domain]
        returns.end_named(domain, names)


def pinned() -> list[str]:
    """Return the versions that talkers open."""
    kept = Talker.objects.values_list("version", flat=True)
    return [*kept, *Registered.objects.values_list("version", flat=True)]


RETAINED: dict[str, tuple[Rule, ...]] = {
    "host.Chat": (
        Ends(
            days("CHAT"),
            "created_at",
            born="created_at",
            where=~Q(state__in=TALKING),
            spare=_quiet,
            sift=_without_talking_runs,
            first=_end_returns,
        ),
        Ends(
            days("CHAT_IDLE"),
            "created_at",
            born="created_at",
            spare=_quiet,
            sift=_without_talking_runs,
            first=_end_returns,
        ),
    ),
    "host.Prompt": (Ends(days("PROMPT"), "expires_at", born="created_at", first=_close_returns),),
    "host.Appendix": (Goes("host.Prompt"),),
    "host.Registered": (Ends(days("REGISTERED"), "expires_at", born="created_at"),),
    "host.Talker": (Kept("an operator's"),),
    "host.TalkerFile": (Kept("one row a file of TALKERS_FOLDER"),),
    "host.Title": (Kept("an operator's"),),
    "host.Manifest": (Kept("an operator's"),),
    "host.Schema": (Kept("an operator's"),),
    "host.Form": (Kept("an operator's"),),
    "host.Trust": (Kept("an operator's"),),
}
