"""Whatever ends `manage.py up` ends all that it started, also what hangs; nothing is left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import processes
from config.demo.server import Server
from config.management.commands.up import ENDING
from config.processes import GRACE_SECONDS, Group
from tests.processes.survivors import of_server, until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
# Web, scheduler, and two workers with one process of a pool each: at least these.
FEWEST = 6
NOBODY = "redis://127.0.0.1:1/0"  # a queue that is not there: workers try again for ever


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the tables in it."""
    folder = tmp_path_factory.mktemp("migrated")
    Server(folder, embedded=True).manage("migrate", "--no-input")
    return folder


@pytest.fixture
def server(tmp_path: Path, migrated: Path) -> Iterator[Server]:
    """A server whose workers and scheduler are processes, on SQLite and a queue that is down."""
    folder = tmp_path / "server"
    shutil.copytree(migrated, folder)
    server = Server(folder, embedded=True)
    server.environment["CELERY_BROKER_URL"] = NOBODY
    server.start(seed=False)
    try:
        assert until(lambda: len(of_server(folder)) >= FEWEST, 30), of_server(folder)
        yield server
    finally:
        for pid in of_server(folder):
            os.kill(pid, signal.SIGKILL)
        server.kill()


def pid_of(server: Server) -> int:
    assert server.process is not None
    return server.process.pid


def caught(pid: int) -> int:
    """Return the mask of the signals that a process has handlers for."""
    return int(re.findall(r"^SigCgt:\s(\w+)", Path(f"/proc/{pid}/status").read_text(), re.M)[0], 16)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_signal_that_ends_the_server_ends_all_its_processes(
    server: Server, number: signal.Signals
) -> None:
    def is_heard(each: signal.Signals) -> bool:
        return bool(caught(pid_of(server)) & 1 << each - 1)

    # What whoever runs the tests ignores (nohup, a shell's background) the server ignores, too.
    heard = [each for each in ENDING if signal.getsignal(each) != signal.SIG_IGN]
    if number not in heard:
        pytest.skip(f"{number.name} is ignored here")
    # The others have the same handler; they get it after the group has been started.
    assert until(lambda: all(map(is_heard, heard)), 10)
    os.kill(pid_of(server), number)
    assert until(lambda: not of_server(server.folder), GRACE_SECONDS + 5), of_server(server.folder)
    assert server.process is not None
    assert server.process.wait(5) == 0


def test_killed_server_leaves_no_process(server: Server) -> None:
    hung = next(pid for pid, command in of_server(server.folder).items() if "worker" in command)
    os.kill(hung, signal.SIGSTOP)
    os.kill(pid_of(server), signal.SIGKILL)
    assert until(lambda: not of_server(server.folder), 5), of_server(server.folder)


def test_processes_that_hang_are_killed_after_a_grace(server: Server) -> None:
    """All of them: workers, the processes of their pools, the scheduler."""
    for pid in of_server(server.folder):
        if pid != pid_of(server):
            os.kill(pid, signal.SIGSTOP)
    os.kill(pid_of(server), signal.SIGTERM)
    assert until(lambda: not of_server(server.folder), GRACE_SECONDS + 5), of_server(server.folder)


def test_killed_worker_leaves_no_process_of_its_pool_and_is_started_again(server: Server) -> None:
    before = of_server(server.folder)
    workers = {pid for pid, command in before.items() if "-n w0@" in command}
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)  # the one of the pool would not hear that its worker is gone
    leader = next(pid for pid in workers if os.getpgid(pid) == pid)
    os.kill(leader, signal.SIGKILL)

    def replaced() -> bool:
        now = {pid for pid, command in of_server(server.folder).items() if "-n w0@" in command}
        return len(now) >= len(workers) and not now & workers

    assert until(replaced, 20), of_server(server.folder)


# -- the group alone ------------------------------------------------------------------------------


def sleeper(folder: Path, name: str, *, deaf: bool = False) -> list[str]:
    """Return a command that writes its pid, starts a child of its own, and sleeps."""
    program = f"""
import os, pathlib, signal, time
if {deaf}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
pathlib.Path({str(folder)!r}, f"{name}-{{os.getpid()}}").touch()
time.sleep(600)
"""
    return [sys.executable, "-c", program]


def alive(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if _runs(int(path.name.split("-")[1]))]


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_deaf_child_and_what_it_started_end_with_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.5)
    group = Group([sleeper(tmp_path, "good"), sleeper(tmp_path, "deaf", deaf=True)])
    group.start()
    assert until(lambda: len(alive(tmp_path)) == 4, 10)
    group.end()
    assert until(lambda: not alive(tmp_path), 5), alive(tmp_path)  # what was killed takes a moment


def test_child_that_cannot_be_started_does_not_keep_others_from_it(tmp_path: Path) -> None:
    group = Group([[str(tmp_path / "none")], sleeper(tmp_path, "good")])
    group.start()
    assert until(lambda: len(alive(tmp_path)) == 2, 10)
    time.sleep(processes.RESTART_PAUSE * 1.5)  # it is tried again meanwhile, in vain
    assert len(alive(tmp_path)) == 2
    group.end()
    assert until(lambda: not alive(tmp_path), 5), alive(tmp_path)  # what was killed takes a moment


def test_group_that_never_began_ends() -> None:
    Group([]).end()
