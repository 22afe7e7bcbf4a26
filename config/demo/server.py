"""A server of its own for a demonstration, a measurement or a test: started, stopped, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
# For measurements and faults, where a few wallets at one address play thousands of orders.
_ADDRESSES = ("INBOX", "PUBLIC", "ONBOARD", "LOOKUP")
_SENDERS = ("SENDER", "PERSON", "WALLET", "RELAY", "CHAT_PROMPT", "HOST_PROMPT")
_DOMAINS = ("DOMAIN_START", "DOMAIN_SEND", "DOMAIN_ROW")
NO_LIMITS = {f"{name}_RATE": "1000000/min" for name in (*_ADDRESSES, *_SENDERS, *_DOMAINS)}


class ServerFailed(Exception):
    """The server ended, or never began to serve; carries what it printed."""


class Server:
    """`manage.py up` on a free port of 127.0.0.1, with all its state in one folder."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        embedded: bool = False,
        code: Path = BASE_DIR,
    ) -> None:
        """`embedded` forgets a database and a queue that the environment names; `code` is the
        folder of the code to run, when it is not this one."""
        self.folder = folder
        self.code = code
        self.port_file = folder / "port"
        self.log = folder / "server.log"
        self.environment = {
            **os.environ,
            "COUNTERSIGN_DATA": str(folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        if embedded:
            for name in ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_KEYS"):
                self.environment.pop(name, None)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a management command against this server's database and return what it printed."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, str(self.code / "manage.py"), *arguments],
            env=self.environment,
            cwd=self.code,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(done.stderr or done.stdout)
        return done.stdout

    def history(self, *tokens: str) -> list[dict[str, Any]]:
        """Return what happened to tokens (all without names), on both sides, in order of time."""
        return [json.loads(line) for line in self.manage("history", "--json", *tokens).splitlines()]

    def start(self, *, port: int = 0, seed: bool = True) -> Server:
        """Start serving and wait until it does. Raises ServerFailed with the server's own words."""
        self.port_file.unlink(missing_ok=True)
        command = [sys.executable, str(self.code / "manage.py"), "up", "--port", str(port)]
        command += ["--port-file", str(self.port_file), *(["--seed"] if seed else [])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=self.environment,
                cwd=self.code,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        limit = time.monotonic() + START_SECONDS
        while not self.port_file.exists():
            if self.process.poll() is not None or time.monotonic() > limit:
                self.kill()
                raise ServerFailed(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.05)
        self.port = int(self.port_file.read_text())
        return self

    def kill(self) -> None:
        """End it and all it started at once, as a power cut would: SIGKILL, no goodbye."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Ask it to end; insist after ten seconds."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        self.kill()
