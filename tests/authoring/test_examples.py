"""Every example talker: sound, without warnings, and as its tests say."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from config.authoring.cases import Case, read_cases
from config.authoring.check import check_files
from config.authoring.places import Place, script_files
from config.authoring.testing import play_case, scripts_with_tests

FOLDER = Path(settings.BASE_DIR) / "talkers"
FILES = scripts_with_tests([FOLDER])
CASES = [
    pytest.param(script, case, id=f"{script.stem}: {case.name}")
    for script, test in FILES
    for case in read_cases(test.read_text(encoding="utf-8"), test.name)
]


def test_every_example_is_sound_and_tested() -> None:
    report = check_files(script_files([FOLDER]))
    assert [str(each) for each in [*report.faults, *report.warnings]] == []
    assert sorted(script for script, _ in FILES) == sorted(script_files([FOLDER]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("script", "case"), CASES)
def test_example_does_what_its_test_says(script: Path, case: Case, tmp_path: Path) -> None:
    _, differences = play_case(Place.of(script), case, tmp_path / "wallet")
    assert differences == []
