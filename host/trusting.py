"""Whom a domain trusts, from lists of entries (protocol appendix C): a pure evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from host.states import TrustAction, TrustRole

DEEPEST = 5  # how many grants a chain may have
DEFAULT_AUTHORITY = "pollyweb.org/"
ALL = ("", "ANY", "*")


@dataclass(frozen=True)
class Entry:
    """One line of a trust list; an empty tuple means any."""

    action: str = TrustAction.GRANT
    roles: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Verdict:
    """`paths` are the chains of domains that led to the trust, from truster to trusted."""

    trusted: bool
    paths: tuple[tuple[str, ...], ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Question:
    """Does `truster` trust `trusted` for `schema`, as `role`? Times are UTC."""

    truster: str
    trusted: str
    schema: str
    role: str
    now: datetime


Lists = Callable[[str], Sequence[Entry]]


def evaluate(question: Question, lists: Lists) -> Verdict:
    """Answer a question from the entries that `lists(domain)` returns; no entry means no trust.

    The strongest word counts: a revocation on an inherited list, then one of its own, then its own
    grant, then a revocation along a chain of grants, then the chain (an inherited grant is one).
    """
    if question.truster == question.trusted:
        return Verdict(True, ((question.truster,),), "a domain trusts itself")
    own = _valid(question, question.truster, lists)
    inherited = [
        entry
        for source in _named(own, TrustAction.INHERIT)
        if source != question.truster
        for entry in _valid(question, source, lists)
    ]
    if _says(question, inherited, TrustAction.REVOKE):
        return Verdict(False, why="an inherited list revokes it")
    if _says(question, own, TrustAction.REVOKE):
        return Verdict(False, why="it is revoked")
    if _says(question, own, TrustAction.GRANT):
        return Verdict(True, ((question.truster, question.trusted),), "it is granted")
    return _along_chains(question, lists)


def _along_chains(question: Question, lists: Lists) -> Verdict:
    """Follow grants to other domains, the nearest first, each domain once."""
    paths: list[tuple[str, ...]] = []
    seen = {question.truster}
    level: list[tuple[str, ...]] = [(question.truster,)]
    while level:
        following: list[tuple[str, ...]] = []
        for path in level:
            entries = _valid(question, path[-1], lists)
            if len(path) > 1 and _says(question, entries, TrustAction.REVOKE):
                return Verdict(False, why=f"{path[-1]} revokes it")
            if len(path) > 1 and _says(question, entries, TrustAction.GRANT):
                paths.append((*path, question.trusted))
            for source in _named(entries, TrustAction.INHERIT):
                if _says(question, _valid(question, source, lists), TrustAction.GRANT):
                    paths.append((*path, source, question.trusted))
            for name in _named(entries, TrustAction.GRANT):
                if name not in seen and name != question.trusted and len(path) < DEEPEST:
                    seen.add(name)
                    following.append((*path, name))
        level = following
    return Verdict(bool(paths), tuple(paths), "by a chain" if paths else "nobody says so")


def _valid(question: Question, domain: str, lists: Lists) -> list[Entry]:
    """Return the entries of a domain that have not expired and are about the schema and role."""
    return [
        entry
        for entry in lists(domain)
        if (entry.expires_at is None or entry.expires_at > question.now)
        and _has_role(entry, question.role)
        and (not entry.queries or any(matches(each, question.schema) for each in entry.queries))
    ]


def _has_role(entry: Entry, role: str) -> bool:
    """An entry for any role answers every question, and a question of any role takes each."""
    return role == TrustRole.ANY or not entry.roles or bool({role, TrustRole.ANY} & {*entry.roles})


def _says(question: Question, entries: Sequence[Entry], action: str) -> bool:
    return any(
        entry.action == action
        and (not entry.domains or question.trusted in entry.domains or _any(entry.domains))
        for entry in entries
    )


def _any(names: tuple[str, ...]) -> bool:
    return any(name.upper() in ALL for name in names)


def _named(entries: Sequence[Entry], action: str) -> Iterator[str]:
    """Yield the domains that entries name; anybody is nobody whose list could be followed."""
    for entry in entries:
        if entry.action == action:
            yield from (name for name in entry.domains if name.upper() not in ALL)


def matches(pattern: str, schema: str) -> bool:
    """Say whether a schema is one that a pattern means; versions are ignored.

    `a/X/*` means everything below `a/X`, but not `a/X` itself.
    """
    if pattern.strip().upper() in ALL:
        return True
    wanted, code = _code(pattern), _code(schema)
    if wanted.endswith("/*"):
        return code.startswith(wanted[:-1]) and len(code) > len(wanted) - 1
    return wanted == code


def _code(text: str) -> str:
    code = text.strip().split(":")[0]
    return DEFAULT_AUTHORITY + code[1:] if code.startswith(".") else code
