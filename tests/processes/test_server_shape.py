"""Two worker processes on a real queue: three ends, a queue that forgets, workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
import redis

from config.demo.people import cast
from config.demo.server import Server
from tests.processes.conftest import ON_SERVICES, QUEUE
from tests.processes.flows import Visitor
from tests.processes.tables import states
from tests.processes.test_kill import LOCATOR, assert_flow_ended_once

ON_REDIS = os.environ.get("CELERY_BROKER_URL", "").startswith("redis")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not (ON_SERVICES and ON_REDIS), reason="needs PostgreSQL and Redis"),
]


def test_three_ends_on_two_workers_take_their_own_branches(server: Server, tmp_path: Path) -> None:
    server.start()
    people = cast()
    for thread in [p.start(tmp_path, "notifier.test", f"*.test={server.url}") for p in people]:
        thread.join()
    assert [person.problem for person in people] == ["", "", ""]
    assert [person.last for person in people] == ["DONE", "FAIL", "FAIL"]
    assert [len(person.tokens()) for person in people] == [1, 0, 0]
    for person in people:
        if person.wallet is not None:
            person.wallet.close()
    assert states(server, "issuer") == {"ISSUED", "OFFERED", "ACCEPTED", "DECLINED", "EXPIRED"}


def test_redis_emptied_in_mid_flow_ends_the_flow_once(server: Server, visitor: Visitor) -> None:
    """The server named in CELERY_BROKER_URL is emptied whole: use one that is only for tests."""
    queue = redis.Redis.from_url(QUEUE)
    visitor.wallet.locate(LOCATOR)
    for side, state in (("issuer", "ISSUED"), ("broker", "DETAILED"), ("broker", "SAVED")):
        visitor.until(partial(_is_there, server, side, state))
        queue.flushall()
    visitor.until(Visitor.has_ended)
    queue.close()
    assert_flow_ended_once(server, visitor)


@pytest.mark.parametrize(("side", "state"), [("issuer", "ISSUED"), ("broker", "OFFERED")])
def test_workers_killed_in_mid_flow_end_the_flow_once(
    server: Server, visitor: Visitor, side: str, state: str
) -> None:
    visitor.wallet.locate(LOCATOR)
    visitor.until(partial(_is_there, server, side, state))
    killed = kill_workers(server)
    assert killed >= 2
    visitor.until(Visitor.has_ended)
    assert_flow_ended_once(server, visitor)


def _is_there(server: Server, side: str, state: str, visitor: Visitor) -> bool:
    return state in states(server, side)


def kill_workers(server: Server) -> int:
    """kill -9 every Celery process of this server; return how many there were."""
    assert server.process is not None
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "-g", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    pids = [int(line.split()[0]) for line in listed.stdout.splitlines() if "celery" in line]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # its parent went first
    time.sleep(0.1)
    return len(pids)
