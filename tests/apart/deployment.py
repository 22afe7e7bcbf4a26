"""One deployment of a play: `manage.py up` with a database of its own, behind nginx with TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.demo.server import BASE_DIR, NO_LIMITS
from tests.apart.certificates import Authority
from tests.apart.places import Place

EXAMPLE = BASE_DIR / "deploy" / "nginx" / "countersign.conf"
NAMED = {"DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_KEYS", "COUNTERSIGN_DATA"}
START_SECONDS = 60.0
DOUBLED, DELAYED, DELAY_SECONDS = "0.2", "0.3", "1.5"


@dataclass
class Deployment:
    """`role` is issuer or broker; ports are its own, so that places may share one loopback."""

    role: str
    place: Place
    folder: Path
    domains: list[str]
    settings: dict[str, str]
    port: int
    clock: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        kept = {name: value for name, value in os.environ.items() if name not in NAMED}
        hosts = [*(f"pw.{name}" for name in self.domains), self.place.address]
        self.environment = {
            **kept,
            "COUNTERSIGN_DATA": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "ALLOWED_HOSTS": ",".join(hosts),
            "HTTPS_ONLY": "1",
            "NUM_PROXIES": "1",
            **NO_LIMITS,  # few wallets play many orders, all from one address
            **self.settings,
        }

    def run(self, *words: str) -> str:
        """Run a command of ours in its place, and return what it printed. Raises RuntimeError."""
        done = subprocess.run(
            [*self.place.prefix, sys.executable, *words],
            env=self.environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.role}: {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def manage(self, *words: str) -> str:
        """Run a management command."""
        return self.run("manage.py", *words)

    def prepare(self) -> None:
        """Make the database and this side's part of the cast."""
        self.manage("migrate", "-v", "0")
        self.run("-m", "tests.apart.data", "seed", self.role)

    def records(self) -> dict[str, list[str]]:
        """Return the lines of each domain's zone: what `domain dns` prints, and the address."""
        found: dict[str, list[str]] = {}
        for line in self.run("-m", "tests.apart.data", "dns", self.role).splitlines():
            name, kind, value = line.split(None, 2)
            if kind == "TXT":
                domain = name.split("._domainkey.pw.")[1]
                records = found.setdefault(domain, [f"pw.{domain}. IN A {self.place.address}"])
                records.append(f"{name}. IN TXT {value}")
        return found

    def checked(self, name: str) -> str:
        """Return what `domain check` says of a domain, or what it misses."""
        try:
            return self.manage("domain", "check", name).splitlines()[-1]
        except RuntimeError as error:
            missing = [line for line in str(error).splitlines() if line.startswith("MISSING")]
            return "; ".join(missing) or str(error)

    def rows(self) -> dict[str, Any]:
        """Return what its database holds."""
        found: dict[str, Any] = json.loads(self.run("-m", "tests.apart.data", "rows", self.role))
        return found

    # -- processes --------------------------------------------------------------------------

    def start(self) -> None:
        """Serve, and wait until it does. Raises RuntimeError with the server's own words."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.apart.served", str(self.clock), "up"]
        command += ["--port", str(self.port), "--port-file", str(port_file)]
        self._start("server", command)
        limit = time.monotonic() + START_SECONDS
        while not port_file.exists():
            if self.processes["server"].poll() is not None or time.monotonic() > limit:
                raise RuntimeError(self.log("server")[-4000:])
            time.sleep(0.05)

    def start_weather(self, seed: int) -> None:
        """Start what doubles and delays messages on their way in."""
        words = [str(self.port + 100), str(self.port), DOUBLED, DELAYED, DELAY_SECONDS, str(seed)]
        self._start("weather", [sys.executable, "-m", "tests.apart.weather", *words])

    def start_nginx(self, authority: Authority, *, bind: bool) -> None:
        """Start nginx with the example of deploy/: only names, paths, port and address are ours."""
        names = [f"pw.{name}" for name in self.domains]
        chain, key = authority.issue(self.role, [*names, self.place.address])
        text = EXAMPLE.read_text()
        changes = {
            r"server_name [^;]+": f"server_name {' '.join(names)} {self.place.address}",
            r"ssl_certificate [^;]+": f"ssl_certificate {chain}",
            r"ssl_certificate_key [^;]+": f"ssl_certificate_key {key}",
            r"server 127\.0\.0\.1:8000": f"server 127.0.0.1:{self.port + 100}",
        }
        if bind:
            changes[r"listen 443 ssl"] = f"listen {self.place.address}:443 ssl"
        for pattern, value in changes.items():
            text, count = re.subn(pattern, value, text, count=1)
            if not count:
                raise RuntimeError(f"deploy/nginx/countersign.conf has no {pattern}")
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "site.conf").write_text(text)
        temporary = "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off;\nuser root;\nworker_processes 1;\npid {folder}/pid;\n"
            f"error_log {folder}/error.log;\nevents {{ worker_connections 512; }}\n"
            f"http {{\n  access_log {folder}/access.log;\n{temporary}"
            f"  include {folder}/site.conf;\n}}\n"
        )
        self._start("nginx", ["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
        self._await_port(443)

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [*self.place.prefix, *command],
                env=self.environment,
                cwd=BASE_DIR,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_port(self, port: int) -> None:
        test = f"import socket; socket.create_connection(({self.place.address!r}, {port}), 1)"
        limit = time.monotonic() + 10
        while subprocess.run(
            [*self.place.prefix, sys.executable, "-c", test], capture_output=True, check=False
        ).returncode:
            if time.monotonic() > limit:
                raise RuntimeError(f"nothing listens: {self.log('nginx')}")
            time.sleep(0.1)

    def stop(self, *names: str) -> None:
        """End what was started here, all of it or `names`, at once and without a goodbye."""
        for name in names or list(self.processes):
            process = self.processes.pop(name, None)
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")
