"""The page of a run opens whatever is stored of it: it is where one looks when that is odd."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from scripts.models import Run
from scripts.states import RunState
from tests.operators.scenery import MINE, Scene, address, logged_in, pages

pytestmark = pytest.mark.django_db
DAMAGED: list[Any] = [
    {},
    [],
    {"frames": []},
    {"frames": None},
    {"frames": [], "waiting": None, "timed_out": False, "steps": 0},
    {"frames": [1], "waiting": None},
    {"frames": [["v", "s"]], "waiting": None, "timed_out": False, "steps": 0},
    {"frames": [["none", "S", {}, {}, 9, None, None]], "waiting": None, "timed_out": 0, "steps": 0},
    "text",
    7,
]


@pytest.mark.parametrize("state", list(RunState))
def test_page_of_a_damaged_run_opens(state: RunState, scene: Scene) -> None:
    [page] = [page for page in pages() if page.model is Run]
    run = scene[MINE]["scripts.run"]
    client = logged_in(User.objects.create_superuser("olivia"))
    for damaged in DAMAGED:
        Run.objects.filter(pk=run.pk).update(state=state, continuation=damaged)
        assert client.get(address(page, "change", run.pk)).status_code == 200, damaged
