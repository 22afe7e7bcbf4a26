"""The attacks of `make hostile` that one second shows: honest flows go on, and bounds hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.hostile.__main__ import MOST_CONNECTIONS, MOST_THREADS, SOURCES, attacking, one
from config.hostile.attack import KINDS
from config.hostile.stage import WAITING, Stage, Watcher, staged
from tests.processes.conftest import ON_SERVICES

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
SHORT = ("slow_bodies", "unknown_keys", "long_names", "polls", "relays")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged("server" if ON_SERVICES else "embedded") as stage:
        stage.flows()
        yield stage


@pytest.mark.parametrize("kind", SHORT)
def test_flows_are_completed_while_strangers_attack(stage: Stage, kind: str) -> None:
    """The seconds are judged by `make hostile`, which nothing else runs beside."""
    with Watcher(stage) as seen:
        line, faults = one(stage, kind, "same", 200, calm=20.0, base=300.0)
    assert faults == [], line
    assert 0 < seen.threads <= MOST_THREADS


def test_hundreds_of_wallets_behind_one_address_wait_and_hold_nothing(stage: Stage) -> None:
    """On PostgreSQL with 100 connections: before, 200 such wallets used them up."""
    with Watcher(stage) as seen:
        with attacking(stage, "many_polls", SOURCES["same"], WAITING) as answers:
            assert max(stage.flows()) < 30
        assert seen.connections <= MOST_CONNECTIONS
        assert seen.threads <= MOST_THREADS
    refused = {} if answers == ["held until the end"] else json.loads(answers[0])
    assert not {"0", "500", "503"} & set(refused), refused


def test_every_kind_has_a_figure() -> None:
    """docs/benchmarks.md tells of each attack that there is."""
    text = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    assert [kind for kind in sorted(KINDS) if f"`{kind}`" not in text] == []
