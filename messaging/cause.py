"""Who has brought about what this thread does now: a wallet, a peer, or the key of a chat.

What one of them causes is counted as its share, through all the runs and messages that follow from
one another. It proves nothing and decides nothing but whose turn it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from messaging import keys
from messaging.envelope import ANONYMOUS
from messaging.models import InboxMessage
from messaging.syntax import is_domain

_cause: ContextVar[str] = ContextVar("cause", default="")


def now() -> str:
    """Return who has caused it; empty where that is ourselves (an operator, a timer of ours)."""
    return _cause.get()


@contextmanager
def caused_by(who: str) -> Iterator[None]:
    """Say who causes what the block does."""
    token = _cause.set(who)
    try:
        yield
    finally:
        _cause.reset(token)


def of(message: InboxMessage | None) -> str:
    """Return who has caused a run that this message starts, or none.

    Its sender; but what domains hosted here say to each other has the cause of what made them.
    """
    if now() or message is None:
        return now()
    if message.sender == ANONYMOUS:
        return f"key:{message.sender_key}"
    ours = is_domain(message.sender) and keys.hosted_name(message.sender) is not None
    return "" if ours else message.sender
