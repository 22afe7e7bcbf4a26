"""What holds of runs at the end of a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.models import Run, RunEvent
from scripts.selectors import untold_runs, unwakeable_runs


@pytest.fixture
def ends_well(transactional_db: None) -> Iterator[None]:
    """Nobody is stuck, and every revision of a run is in its log."""
    yield
    assert not unwakeable_runs().exists()
    assert not untold_runs().exists()
    for run in Run.objects.all():
        assert run.rev == RunEvent.objects.filter(run=run).count(), run.state
