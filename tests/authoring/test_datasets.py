"""Datasets beside talkers: a rehearsal has them, and `script check` reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.authoring.cases import Case, read_cases
from config.authoring.check import check_files
from config.authoring.places import Place, script_files
from config.authoring.testing import play_case

TOWN = Path(__file__).parent / "town.test"
SCRIPT = TOWN / "lend.yaml"
CASES = read_cases((TOWN / "lend.test.yaml").read_text(encoding="utf-8"), "lend.test.yaml")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_talker_uses_the_datasets_of_its_folder(case: Case, tmp_path: Path) -> None:
    _, differences = play_case(Place.of(SCRIPT), case, tmp_path / "wallet")
    assert differences == []


def test_check_reads_datasets_and_other_commands_do_not(tmp_path: Path) -> None:
    assert [path.name for path in script_files([TOWN])] == ["lend.yaml"]
    found = script_files([TOWN], datasets=True)
    assert sorted(path.name for path in found) == ["lend.yaml", "loans.yaml"]
    assert check_files(found).is_sound
    broken = tmp_path / "datasets" / "loans.yaml"
    broken.parent.mkdir()
    text = (TOWN / "datasets" / "loans.yaml").read_text(encoding="utf-8")
    broken.write_text(text.replace("Assert:", "Asert:").replace("LOG", "LOGG"))
    told = [str(fault).removeprefix(f"{broken}:") for fault in check_files([broken]).faults]
    assert told == [
        "7:1: a dataset has no Asert (did you mean Assert?)",
        "11:3: unknown command LOGG (did you mean LOG?)",
    ]
