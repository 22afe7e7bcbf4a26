"""The named points: in the code exactly where the table says there are some, silent when off."""

from __future__ import annotations

import re

import pytest

from config.faults.chances import PASSED, chances_for
from config.faults.report import BASE_DIR
from messaging import points
from tests.pump import pump
from tests.scripts.engine import begin

REACHED = re.compile(r'points\.reach(?:_after_commit)?\("(\w+)"\)')


def test_every_point_is_passed_somewhere_in_the_code_and_none_without_a_name() -> None:
    found = [
        name
        for app in ("messaging", "scripts")
        for path in (BASE_DIR / app).rglob("*.py")
        for name in REACHED.findall(path.read_text(encoding="utf-8"))
    ]
    assert set(found) == set(points.POINTS)
    assert len(points.POINTS) >= 18


def test_storm_knows_how_often_each_point_is_passed() -> None:
    assert set(PASSED) == set(points.POINTS)
    assert all(0 < chance <= 0.45 for chance in chances_for(300).kill.values())


@pytest.mark.django_db(transaction=True)
def test_plan_is_told_of_what_is_passed_until_it_is_taken_away() -> None:
    told: list[str] = []
    points.follow(told.append)
    try:
        begin("- RETURN: 1")
        pump()
    finally:
        points.follow(None)
    assert told[:2] == ["start_before_commit", "start_after_commit"]
    assert told[2:] == [
        "claim_before_commit",
        "claim_after_commit",
        "adv_locked",
        "adv_decided",
        "adv_before_commit",
        "adv_after_commit",
    ]
    begin("- RETURN: 2")
    pump()
    assert len(told) == 8
