"""Trust lists by protocol appendix C: patterns, precedence, chains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from host.trusting import Entry, Question, evaluate, matches

NOW = datetime(2026, 5, 1, tzinfo=UTC)
CARD = "library.test/CARD"
A, B, C, D = "alice.test", "bob.test", "charlie.test", "dora.test"


def entry(action: str = "GRANT", *domains: str, **more: object) -> Entry:
    return Entry(action=action, domains=domains, **more)  # type: ignore[arg-type]


def asked(
    lists: dict[str, list[Entry]], trusted: str = C, role: str = "VAULT", schema: str = CARD
) -> tuple[bool, tuple[tuple[str, ...], ...]]:
    verdict = evaluate(Question(A, trusted, schema, role, NOW), lambda name: lists.get(name, []))
    return verdict.trusted, verdict.paths


@pytest.mark.parametrize(
    ("pattern", "schema", "expected"),
    [
        ("", CARD, True),
        ("ANY", CARD, True),
        ("*", CARD, True),
        (CARD, CARD, True),
        (CARD, f"{CARD}:2.1", True),
        (f"{CARD}:1.0", CARD, True),
        ("library.test/*", CARD, True),
        (f"{CARD}/*", f"{CARD}/KIDS", True),
        (f"{CARD}/*", CARD, False),
        (f"{CARD}/*", f"{CARD}S/KIDS", False),
        (".TOKEN", "pollyweb.org/TOKEN:1.0", True),
        (".TOKEN", "other.test/TOKEN", False),
    ],
)
def test_pattern(pattern: str, schema: str, expected: bool) -> None:
    assert matches(pattern, schema) is expected


def test_without_an_entry_nobody_is_trusted_but_oneself() -> None:
    assert asked({}) == (False, ())
    assert asked({}, trusted=A) == (True, ((A,),))


def test_own_grant() -> None:
    assert asked({A: [entry("GRANT", C)]}) == (True, ((A, C),))
    assert asked({A: [entry("GRANT")]}) == (True, ((A, C),))
    assert asked({A: [entry("GRANT", "ANY")]}) == (True, ((A, C),))
    assert asked({A: [entry("GRANT", D)]}) == (False, ())


def test_roles() -> None:
    consumer = {A: [entry("GRANT", C, roles=("CONSUMER",))]}
    assert asked(consumer, role="VAULT") == (False, ())
    assert asked(consumer, role="CONSUMER")[0]
    assert asked(consumer, role="ANY")[0]
    assert asked({A: [entry("GRANT", C, roles=("ANY",))]}, role="VAULT")[0]


def test_schema_and_time_limit_an_entry() -> None:
    assert not asked({A: [entry("GRANT", C, queries=("library.test/BOOK",))]})[0]
    assert asked({A: [entry("GRANT", C, expires_at=NOW + timedelta(seconds=1))]})[0]
    assert not asked({A: [entry("GRANT", C, expires_at=NOW)]})[0]


def test_own_revocation_beats_own_grant() -> None:
    assert asked({A: [entry("GRANT", C), entry("REVOKE", C)]}) == (False, ())


def test_inherited_revocation_beats_own_grant() -> None:
    lists = {A: [entry("GRANT", C), entry("INHERIT", B)], B: [entry("REVOKE", C)]}
    assert asked(lists) == (False, ())


def test_revocation_of_a_friend_does_not_beat_own_grant() -> None:
    lists = {A: [entry("GRANT", C), entry("GRANT", B)], B: [entry("REVOKE", C)]}
    assert asked(lists) == (True, ((A, C),))


def test_chain_of_grants() -> None:
    lists = {A: [entry("GRANT", B)], B: [entry("GRANT", C)]}
    assert asked(lists) == (True, ((A, B, C),))
    expired = {A: [entry("GRANT", B, expires_at=NOW)], B: [entry("GRANT", C)]}
    assert asked(expired) == (False, ())


def test_revocation_along_a_chain_beats_the_chain() -> None:
    lists = {
        A: [entry("GRANT", B, D)],
        B: [entry("GRANT", C)],
        D: [entry("REVOKE", C)],
    }
    assert asked(lists) == (False, ())


def test_inherited_grant_is_a_chain() -> None:
    lists = {A: [entry("INHERIT", B)], B: [entry("GRANT", C)]}
    assert asked(lists) == (True, ((A, B, C),))


def test_circles_end_and_chains_have_a_longest() -> None:
    circle = {A: [entry("GRANT", B)], B: [entry("GRANT", A, B)]}
    assert asked(circle) == (False, ())
    names = [A, *(f"d{number}.test" for number in range(1, 7))]
    chain = {
        name: [entry("GRANT", after)] for name, after in zip(names, [*names[1:], C], strict=True)
    }
    assert asked(chain, trusted=names[5])[0]  # five grants
    assert not asked(chain, trusted=names[6])[0]
