"""A short run of the odd answers with the suite, and that it finds a reader that raises."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest

from host import answers, numerals
from host.answers import BadAnswer, Question, read_answer
from tests.fuzz import typed
from tests.fuzz.answers import fuzz


@pytest.mark.parametrize("format", typed.FORMATS)
def test_odd_answers_are_read_or_refused(format: str) -> None:
    counts = fuzz(format, 3000, 20, seed=7)
    assert counts["inputs"] == 3000
    assert counts["faults"] == 0
    assert counts["read"] > 30
    assert counts["refused"] > 30


def test_a_reader_that_raises_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def narrow(number: Decimal, precision: int) -> Decimal:
        return number.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)

    monkeypatch.setattr(answers, "rounded", narrow)  # in the usual context of 28 digits
    assert fuzz("QUANTITY", 3000, 20, seed=7)["faults"] > 0
    assert "InvalidOperation" in capsys.readouterr().out


def test_a_fault_of_a_reader_is_asked_again_and_said_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(question: Question, answer: object) -> None:
        raise ValueError("Alice's own words")

    monkeypatch.setitem(answers._READERS, "TEXT", broken)
    with pytest.raises(BadAnswer, match="not an answer"):
        read_answer(Question("TEXT"), "Alice")
    assert "answer_not_read" in caplog.text
    assert "own words" not in caplog.text


@pytest.mark.parametrize("digits", [28, 29, 30, 31, 59, 60])
@pytest.mark.parametrize("format", ["QUANTITY", "AMOUNT"])
def test_long_numbers_are_exact(format: str, digits: int) -> None:
    found = read_answer(Question(format, {"Precision": 12}), "9" * digits)
    assert found["Decimal"] == Decimal("9" * digits)


def test_rounded_numbers_are_as_long_as_they_are() -> None:
    assert numerals.rounded(Decimal("9" * 50 + ".5"), 0) == Decimal("1" + "0" * 50)
