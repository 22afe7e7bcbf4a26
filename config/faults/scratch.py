"""Stores of a fault run's own: a PostgreSQL cluster and a Redis that it may kill, in one folder.

Nothing here imports Django: the environment is made before the settings are read.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

READY_SECONDS = 30.0
ROLE = "countersign"


class StoreFailed(Exception):
    """A store did not start, or is not installed; carries its own words."""


def binary(name: str) -> str | None:
    """Return where a server's program is: on the path, or where Debian keeps PostgreSQL's."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [str(place / name) for place in places if (place / name).exists()]
    return found[0] if found else shutil.which(name)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A PostgreSQL cluster that is ours to stop without mercy and to start again."""

    def __init__(self, folder: Path, *, connections: int = 300) -> None:
        self.folder = folder
        self.connections = connections
        self.port = free_port()
        # PostgreSQL does not run as root: there the account of Debian's package does.
        self.user = "postgres" if os.getuid() == 0 else None

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@127.0.0.1:{self.port}/postgres"

    def _run(self, name: str, *arguments: str) -> None:
        program = binary(name)
        if program is None:
            raise StoreFailed(f"{name} is not installed (Debian: apt-get install postgresql)")
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [program, *arguments],
            user=self.user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )
        if done.returncode:
            raise StoreFailed(f"{name}: {done.stderr.strip()[-500:]}")

    def create(self) -> None:
        """Make the cluster and start it. Raises StoreFailed."""
        self.folder.mkdir(mode=0o700)
        if self.user:
            shutil.chown(self.folder, self.user)
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", ROLE, "--auth=trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers; after a hard stop this includes the recovery."""
        options = (
            f"-c listen_addresses=127.0.0.1 -p {self.port} -c unix_socket_directories= "
            f"-c max_connections={self.connections} -c restart_after_crash=on"
        )
        log, data = str(self.folder / "log"), str(self.folder / "data")
        self._run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` ends every process of it without a goodbye to anybody."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def destroy(self) -> None:
        """Stop it for good, whatever state it is in."""
        with suppress(StoreFailed):
            self.stop("immediate")


class Queue:
    """A Redis that keeps nothing, and may be emptied or killed at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty. Raises StoreFailed when it is not installed or does not listen."""
        program = binary("redis-server")
        if program is None:
            raise StoreFailed(
                "redis-server is not installed (Debian: apt-get install redis-server)"
            )
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(  # noqa: S603 - Redis's own program
            [*command, "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        limit = time.monotonic() + READY_SECONDS
        while time.monotonic() < limit:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise StoreFailed("redis-server does not listen")

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass(frozen=True)
class Stage:
    """Where a layer plays: its shape, its folder, and the stores that it may kill."""

    shape: str
    folder: Path
    cluster: Cluster | None = None
    queue: Queue | None = None


current: Stage | None = None  # set by config.faults.launch, before a layer begins


def staged() -> Stage:
    """Return where this layer plays. Raises StoreFailed outside of config.faults.launch."""
    if current is None:
        raise StoreFailed("run it with python -m config.faults.launch")
    return current


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, and that PostgreSQL's account may enter."""
    with tempfile.TemporaryDirectory(prefix="countersign-faults-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def secret_settings() -> dict[str, str]:
    """Return secrets for one run."""
    return {"SECRET_KEY": secrets.token_hex(32), "FIELD_KEYS": f"k1:{secrets.token_hex(32)}"}


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """A new database on the PostgreSQL server of `url`, dropped afterwards; yields its URL."""
    name = f"countersign_faults_{secrets.token_hex(6)}"
    _execute(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield url.rsplit("/", 1)[0] + f"/{name}"
    finally:
        _execute(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def has_servers() -> bool:
    """Say whether PostgreSQL and Redis can be started here."""
    programs: Sequence[str] = ("initdb", "pg_ctl", "postgres", "redis-server")
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return False
    return all(binary(program) for program in programs)
