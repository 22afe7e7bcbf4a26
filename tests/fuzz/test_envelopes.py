"""A short run of the mutated messages with the suite; docs/benchmarks.md has a long one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from tests.fuzz.mutations import mutate_bytes, mutate_tree, spelt

ROOT = Path(__file__).resolve().parents[2]


def test_mutated_messages_find_no_unhandled_error() -> None:
    command = [sys.executable, "-m", "tests.fuzz.envelopes", "--messages", "1500", "--seed", "7"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "CELERY_BROKER_URL", "COUNTERSIGN_DATA")
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "unhandled errors: 0"
    assert " 200: " in done.stdout.splitlines()[-2]  # some got through to their handlers


def test_mutations_change_messages_and_say_the_same_for_the_same_seed() -> None:
    value = {"Header": {"To": "theatre.test"}, "Body": {"Token": "x", "List": [1, {"A": None}]}}
    raw = spelt(value, Random(1))
    changed = {mutate_bytes(raw, [raw], Random(seed)) for seed in range(200)}
    assert len(changed) > 150
    trees = [mutate_tree(value, Random(seed)) for seed in range(200)]
    assert sum(tree != value for tree in trees) > 150
    assert trees == [mutate_tree(value, Random(seed)) for seed in range(200)]
