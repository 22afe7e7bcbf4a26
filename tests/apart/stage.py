"""The stage: network, DNS, certificates, two deployments; and the people sent onto it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

from config.demo.server import BASE_DIR
from tests.apart.cast import BROKER_DOMAINS, ISSUER_DOMAINS
from tests.apart.certificates import Authority
from tests.apart.deployment import Deployment
from tests.apart.names import LOOPBACK_PORT, Zones, start_resolver, wait_for_names
from tests.apart.places import Meadow
from tests.apart.shared_clock import SharedClock

SETTLE_SECONDS = 150.0


class Stage:
    """Everything that two organisations have between them; ends with the stack it is built on."""

    def __init__(self, stack: ExitStack, folder: Path, *, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.meadow = Meadow(stack, folder)
        self.clock_file = folder / "clock"
        self.clock = SharedClock(self.clock_file)
        self.certificates = Authority(folder)
        self.routes: list[str] = []
        self.port = 53 if self.meadow.isolated else LOOPBACK_PORT
        self.settings = self._settings()
        self.issuer = self._deployment("issuer", list(ISSUER_DOMAINS), 8000)
        self.broker = self._deployment("broker", list(BROKER_DOMAINS), 8300)
        self.sides = (self.issuer, self.broker)
        for side in self.sides:
            stack.callback(side.stop)
        self.zones = Zones(folder, self.meadow.places["authority"])
        self.reports: list[dict[str, Any]] = []
        self._stack = stack

    def _settings(self) -> dict[str, str]:
        settings = {"SSL_CERT_FILE": str(self.certificates.root)}
        if self.meadow.isolated:
            return settings
        places = self.meadow.places
        for names, role in ((ISSUER_DOMAINS, "issuer"), (BROKER_DOMAINS, "broker")):
            self.routes += [f"{name}=https://{places[role].address}" for name in names]
        return settings | {
            "PEER_ROUTES": ",".join(self.routes),
            "OUTGOING_ALLOW": "127.80.0.0/16",
            "DNS_RESOLVERS": f"127.0.0.1:{self.port}",
        }

    def _deployment(self, role: str, domains: list[str], port: int) -> Deployment:
        place, folder = self.meadow.places[role], self.folder / role
        return Deployment(role, place, folder, domains, self.settings, port, self.clock_file)

    def build(self) -> None:
        """Databases, keys, signed zones, resolvers, TLS, servers."""
        with ThreadPoolExecutor(len(self.sides)) as pool:
            list(pool.map(Deployment.prepare, self.sides))
            for records in pool.map(Deployment.records, self.sides):
                self.zones.publish(records)
        self.zones.serve()
        if self.zones.process is not None:
            self._stack.callback(self.zones.process.kill)
        used = [self.meadow.places[name] for name in ("issuer", "broker", "people")]
        for place in used if self.meadow.isolated else used[:1]:
            resolver = start_resolver(place, self.folder, self.zones, port=self.port)
            self._stack.callback(resolver.kill)
            wait_for_names(place, "pw1._domainkey.pw.theatre.test", port=self.port)
        for number, side in enumerate(self.sides):
            side.start_weather(self.seed + number)
            side.start_nginx(self.certificates, bind=not self.meadow.isolated)
        with ThreadPoolExecutor(len(self.sides)) as pool:
            list(pool.map(Deployment.start, self.sides))

    # -- people -----------------------------------------------------------------------------

    def send(self, name: str, flows: Sequence[Sequence[str]], *, linger: float = 4) -> Popen[bytes]:
        """Let wallets play `flows` (the domains that each visits, in order) in the background."""
        plan = self.folder / f"{name}.json"
        plan.write_text(
            json.dumps(
                {
                    "Name": name,
                    "Flows": flows,
                    "Routes": self.routes,
                    "Clock": str(self.clock_file),
                    "Seed": self.seed,
                    "Linger": linger,
                    "Result": str(self.folder / f"{name}-result.json"),
                }
            )
        )
        command = [sys.executable, "-m", "tests.apart.people", str(self.folder), str(plan)]
        place = self.meadow.places["people"]
        extra = {**self.settings, "PYTHONPATH": str(BASE_DIR)}
        process = place.start(command, self.folder / f"{name}.log", **extra)
        self._stack.callback(process.kill)
        return process

    def collect(self, name: str, process: Popen[bytes], *, seconds: float) -> dict[str, Any]:
        """Wait for people and return what they report. Raises RuntimeError."""
        process.wait(timeout=seconds)
        if process.returncode:
            raise RuntimeError((self.folder / f"{name}.log").read_text()[-3000:])
        report: dict[str, Any] = json.loads((self.folder / f"{name}-result.json").read_text())
        self.reports.append(report)
        return report

    def gate(self, *, shut: bool) -> None:
        """Hold everybody's answers to the broker's question back, or let them go."""
        path = self.folder / "gate"
        path.touch() if shut else path.unlink(missing_ok=True)

    def asked(self, name: str, people: int, *, seconds: float = 60) -> None:
        """Wait until that many wallets have been asked whether they want their token."""
        limit = time.monotonic() + seconds
        while len(list(self.folder.glob(f"{name}-*/asked"))) < people:
            if time.monotonic() > limit:
                raise RuntimeError(f"{name}: not everybody was asked in time")
            time.sleep(0.1)

    def settle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wait until nothing is on its way, and return both sides' rows."""
        limit = time.monotonic() + SETTLE_SECONDS
        while True:
            issuer, broker = self.issuer.rows(), self.broker.rows()
            busy = any(
                side["Live"] or side["Due"] or side["Unhandled"] for side in (issuer, broker)
            )
            if not busy or time.monotonic() > limit:
                return issuer, broker
            time.sleep(1)
