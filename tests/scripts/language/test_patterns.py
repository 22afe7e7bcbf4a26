"""Regular expressions of authors are linear, and what they cannot do is said."""

from __future__ import annotations

import time

import pytest

from scripts.language.errors import ScriptError
from scripts.language.patterns import matches


def test_pattern_is_for_all_of_the_text() -> None:
    assert matches(r"[A-Z]\d{2}", "B10")
    assert not matches(r"[A-Z]\d{2}", "B101")


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)*b", "(.*)*(.*)*(.*)*x"])
def test_catastrophic_pattern_takes_no_time(pattern: str) -> None:
    began = time.perf_counter()
    assert not matches(pattern, "a" * 50_000)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(", "((a{1,100}){1,100}){1,100}"])
def test_pattern_that_is_not_linear_or_not_one_is_refused(pattern: str) -> None:
    with pytest.raises(ScriptError, match="cannot be used"):
        matches(pattern, "a")


def test_pattern_that_is_too_long_is_refused() -> None:
    with pytest.raises(ScriptError, match="at most 1000"):
        matches("a" * 1001, "a")
