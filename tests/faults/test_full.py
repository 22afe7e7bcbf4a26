"""The whole plan: nothing that there is to play is left out of it."""

from __future__ import annotations

from config.faults.full import MEETINGS, directed
from config.faults.interleavings import SITUATIONS
from config.faults.mutants import MUTANTS


def test_every_situation_of_the_interleavings_is_played() -> None:
    assert sorted(MEETINGS) == sorted(SITUATIONS)
    played = [job.arguments for job in directed(1, 0, mutants=False)]
    for name in SITUATIONS:
        assert sum(f"{name}/" in arguments for arguments in played) == 1


def test_every_planted_bug_names_what_there_is_to_play() -> None:
    for mutant in MUTANTS:
        if mutant.layer[0] == "interleavings" and "--only" in mutant.layer:
            assert mutant.layer[-1].rstrip("/") in SITUATIONS, mutant.name
