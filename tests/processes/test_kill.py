"""kill -9 of everything, at every step between ISSUE and the answer: the flow ends all the same."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from config.demo.server import Server
from tests.processes.flows import Visitor
from tests.processes.tables import Tables

pytestmark = pytest.mark.processes

LOCATOR = ".HOST,theatre.test,ticket"


def ends(history: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return each side's states, in order."""
    return {
        side: [each["Value"] for each in history if each["Side"] == side]
        for side in ("issuer", "broker")
    }


def assert_flow_ended_once(server: Server, visitor: Visitor) -> None:
    history = server.history()
    assert len({each["Token"] for each in history}) == 1
    sides = ends(history)
    assert sides["issuer"] in (["ISSUED", "OFFERED", "ACCEPTED"], ["ISSUED", "ACCEPTED"])
    assert sides["broker"] == ["ISSUED", "DETAILED", "OFFERED", "SAVED"]
    assert visitor.shown("DONE") == ["Your ticket is in your wallet. See you tonight, Alice."]
    assert visitor.shown("FAIL") == []
    [token] = visitor.wallet.tokens()
    assert token["Valid"]


# Where to kill: the state last seen on a side.
POINTS = [
    ("issuer", "ISSUED"),
    ("issuer", "OFFERED"),
    ("broker", "ISSUED"),
    ("broker", "DETAILED"),
    ("broker", "OFFERED"),
    ("broker", "SAVED"),
    ("issuer", "ACCEPTED"),
]


def kill_when(server: Server, side: str, state: str, killed: threading.Event) -> None:
    """Watch the tables and kill the server when a side enters a state."""
    with closing(Tables(server)) as tables:
        while state not in tables.states(side):
            time.sleep(0.001)
    server.kill()
    killed.set()


@pytest.mark.parametrize(("side", "state"), POINTS)
def test_server_killed_when_a_side_enters_a_state_ends_the_flow_once(
    server: Server, visitor: Visitor, side: str, state: str
) -> None:
    killed = threading.Event()
    watcher = threading.Thread(target=kill_when, args=(server, side, state, killed), daemon=True)
    watcher.start()
    visitor.wallet.locate(LOCATOR)
    restarter = threading.Thread(target=_restart_after, args=(server, killed), daemon=True)
    restarter.start()
    visitor.until(Visitor.has_ended)
    restarter.join(timeout=60)
    assert killed.is_set()
    assert_flow_ended_once(server, visitor)


def _restart_after(server: Server, killed: threading.Event) -> None:
    if killed.wait(timeout=60):
        server.start(port=server.port, seed=False)
