"""What authors' scripts may cause: runs they start, messages they send, rows they save.

Of each kind a run may cause so many in all its life, and all runs of a domain so many in a period.
Counted is what an author's script causes, itself or through a shipped script that it calls. What
shipped handlers do for others is counted for nobody, and so is the last line of a run that fails.
What is too much is an error of the kind "limit" at the author's line, and the segment is taken
back: nothing is lost without a word. The counts of domains are not taken back with it, so a segment
that is tried again counts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings

from messaging import rates
from scripts.language.continuation import Continuation
from scripts.language.errors import ScriptError
from scripts.language.limits import limits


@dataclass(frozen=True)
class Quota:
    """`limit` is a line of `messaging.rates`, counted by domain; `of_run` a field of Limits."""

    limit: str
    of_run: str
    what: str


QUOTAS = {
    "starts": Quota("domain_starts", "run_starts", "runs started"),
    "sends": Quota("domain_sends", "run_sends", "messages sent"),
    "rows": Quota("domain_rows", "run_rows", "rows saved"),
}
Counter = Callable[[str], None]
_counter: ContextVar[Counter | None] = ContextVar("quotas", default=None)


@contextmanager
def counted_by(counter: Counter | None) -> Iterator[None]:
    """Count what the block causes by `counter`; by nobody when it is None."""
    token = _counter.set(counter)
    try:
        yield
    finally:
        _counter.reset(token)


def count(kind: str) -> None:
    """Count one of a kind (a key of QUOTAS) for the segment at work, if there is one.

    Raises ScriptError when it is one too many.
    """
    counter = _counter.get()
    if counter is not None:
        counter(kind)


def charge(kind: str, domain: str, continuation: Continuation) -> None:
    """Count one of a kind for a run and its domain. Raises ScriptError when it is one too many."""
    quota = QUOTAS[kind]
    most = getattr(limits, quota.of_run)
    continuation.used[kind] = continuation.used.get(kind, 0) + 1
    if continuation.used[kind] > most:
        raise ScriptError(f"more than {most} {quota.what} by one run", kind="limit")
    if rates.is_over(quota.limit, domain):
        rate = getattr(settings, rates.LIMITS[quota.limit].setting)
        raise ScriptError(f"more than {rate} {quota.what} by scripts of {domain}", kind="limit")
