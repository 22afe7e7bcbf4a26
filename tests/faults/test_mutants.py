"""The planted bugs: each still fits the code, and names a layer that exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from config.faults.launch import LAYERS
from config.faults.mutants import MUTANTS, Misfit, Mutant
from config.faults.report import BASE_DIR


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_planted_bug_fits_the_code_of_today(mutant: Mutant, tmp_path: Path) -> None:
    copy = tmp_path / mutant.file
    copy.parent.mkdir(parents=True)
    source = (BASE_DIR / mutant.file).read_text(encoding="utf-8")
    copy.write_text(source, encoding="utf-8")
    mutant.plant(tmp_path)
    planted = copy.read_text(encoding="utf-8")
    assert planted != source
    ast.parse(planted)
    assert mutant.layer[0] in LAYERS


def test_planted_bug_whose_place_is_gone_is_a_misfit(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("pass\n", encoding="utf-8")
    with pytest.raises(Misfit, match="0 times"):
        Mutant("M0", "nothing", "code.py", (("gone", "new"),), ("crashes",)).plant(tmp_path)


def test_each_has_a_name_of_its_own() -> None:
    assert [mutant.name for mutant in MUTANTS] == [f"M{at + 1}" for at in range(len(MUTANTS))]
    assert len(MUTANTS) >= 13
