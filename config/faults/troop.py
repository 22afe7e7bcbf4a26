"""The processes of a storm: forked, watched, killed, stopped, and forked again."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

Role = Callable[[], None]

RESPAWN_SECONDS = 0.2  # a role that dies at once is not started in a tight loop


class Troop:
    """Named roles, each a process forked from this one; what dies is forked again."""

    def __init__(self, roles: Mapping[str, Role], log: Path, chance: random.Random) -> None:
        self.roles = roles
        self.log = log
        self.chance = chance
        self.pids: dict[str, int] = {}
        self.due: dict[str, float] = dict.fromkeys(roles, 0.0)
        self.stopped: list[tuple[float, int]] = []

    def tend(self) -> None:
        """Fork what is missing, reap what died, and let go of what was stopped for long enough."""
        now = time.monotonic()
        for name, pid in list(self.pids.items()):
            if _ended(pid):
                del self.pids[name]
                # What it had forked itself goes with it, as a service manager would see to.
                _signal_group(pid, signal.SIGKILL)
                self.due[name] = now + RESPAWN_SECONDS
        for name, moment in list(self.due.items()):
            if moment <= now:
                del self.due[name]
                self.pids[name] = self._fork(self.roles[name])
        for moment, pid in list(self.stopped):
            if moment <= now:
                self.stopped.remove((moment, pid))
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _fork(self, role: Role) -> int:
        pid = os.fork()
        if pid:
            return pid
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            role()
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def kill(self, role: str, *, group: bool = False) -> bool:
        """SIGKILL a process of a role (`worker`, `web`...), with all it forked if `group`."""
        pid = self._one(role)
        if pid is None:
            return False
        if group:
            _signal_group(pid, signal.SIGKILL)
        else:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return True

    def kill_child(self, role: str) -> bool:
        """SIGKILL one process that a process of this role forked: a Celery worker's child."""
        children = self._children(role)
        if not children:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.chance.choice(children), signal.SIGKILL)
        return True

    def stop_child(self, role: str, seconds: float) -> bool:
        """SIGSTOP such a process, and let it go on after so long: a zombie with old knowledge."""
        children = self._children(role)
        if not children:
            return False
        pid = self.chance.choice(children)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        self.stopped.append((time.monotonic() + seconds, pid))
        return True

    def _one(self, role: str) -> int | None:
        pids = [pid for name, pid in self.pids.items() if name.startswith(role)]
        return self.chance.choice(pids) if pids else None

    def _children(self, role: str) -> list[int]:
        found: list[int] = []
        for name, pid in self.pids.items():
            if name.startswith(role):
                with suppress(OSError):
                    found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def end(self) -> None:
        """End all of them."""
        self.due.clear()
        for pid in self.pids.values():
            _signal_group(pid, signal.SIGKILL)
        for pid in self.pids.values():
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self.pids.clear()


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
