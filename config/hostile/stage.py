"""A server of its own for attacks, who plays on it, and what it holds while it is attacked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.bench import answer, play
from config.demo.server import Server
from config.faults.scratch import Cluster, Queue, scratch_folder, secret_settings
from config.hostile.outside import EVIL, SILENT, Outside, outside
from messaging.ids import uuid4
from messaging.signing import PrivateKey
from wallets.client import Wallet

HONEST = 3
HOSTILE = 7
WAITING = 500  # wallets that only wait for something to come
SILENT_HOSTS = 8  # of which the broker has told a wallet
# Many wallets are made from this one address; all else is as it is by default.
SETTINGS = {"HTTPS_ONLY": "0", "LOG_LEVEL": "ERROR", "ONBOARD_RATE": "10000/min"}
# Rows that would come of onboarding and of opened chats, without what those leave to be delivered.
REGISTER = """
import json
from pathlib import Path
from uuid import uuid4
from messaging import clock
from wallets.models import Notification, Registration
rows = [Registration(domain="notifier.test", broker="broker.test", language="en-us",
    created_at=clock.now(), wallet=each["Wallet"], public_key=each["PublicKey"])
    for each in json.loads(Path({path!r}).read_text())]
Registration.objects.bulk_create(rows)
for host in {hosts!r}:
    Notification.objects.create(registration=Registration.objects.get(wallet={wallet!r}),
        subject="Open@Notifier", correlation=uuid4(), created_at=clock.now(),
        message={{"Body": {{"Host": host}}}})
"""


@dataclass
class Stage:
    """A running server, the honest wallets on it, and the file of what the attacker has."""

    server: Server
    honest: list[Wallet]
    has: Path
    database: str = ""

    @property
    def pid(self) -> int:
        return self.server.process.pid if self.server.process else 0

    def flows(self) -> list[float]:
        """Have every honest wallet play a flow at the same time; return how long each took."""
        with ThreadPoolExecutor(len(self.honest)) as threads:
            each = threads.map(lambda wallet: play(wallet, 1), self.honest)
            return [seconds for many in each for seconds in many]


@contextmanager
def staged(shape: str) -> Iterator[Stage]:
    """Start a server of this shape on stores of its own; all of it is gone afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        around = stack.enter_context(outside())
        settings = {**SETTINGS, **around.environment()}
        database = ""
        if shape == "server":
            cluster, queue = Cluster(folder / "postgresql", connections=100), Queue(folder)
            stack.callback(queue.kill)
            stack.callback(cluster.destroy)
            cluster.create()
            queue.start()
            database = cluster.url
            settings |= {"DATABASE_URL": database, "CELERY_BROKER_URL": queue.url}
            settings |= secret_settings()
        (folder / "server").mkdir()
        server = Server(folder / "server", settings, embedded=shape == "embedded")
        stack.callback(server.kill)
        server.environment.update(settings)
        server.start()
        made = _Made(server, folder, around)
        stage = Stage(server, [made.wallet(f"honest{n}") for n in range(HONEST)], made.has())
        stage.database = database
        for wallet in stage.honest:
            stack.callback(wallet.close)
        yield stage


class _Made:
    """Makes what is needed before an attack: wallets, chats, and rows of wallets that only wait."""

    def __init__(self, server: Server, folder: Path, around: Outside) -> None:
        self.server, self.folder, self.around = server, folder, around

    def wallet(self, name: str) -> Wallet:
        routes = [f"*.test={self.server.url}"]
        return Wallet.create(
            self.folder / name, notifier="notifier.test", routes=routes, answer=answer
        )

    def has(self) -> Path:
        """Return the file of what the attacker has."""
        wallets = [self.wallet(f"hostile{n}") for n in range(HOSTILE)]
        hosts = [f"h{n}.{SILENT}" for n in range(SILENT_HOSTS)]
        wallets[6].locate(f".HOST,{EVIL},x")
        has = {
            "wallets": [{"Wallet": each.id, "Seed": each.key.seed().hex()} for each in wallets],
            "evil": self.around.key.seed().hex(),
            "silent_chats": hosts,
            "chat": _chat_of(wallets[6]),
            "many": self._many(hosts, wallets[5].id),
        }
        for each in wallets:
            each.close()
        path = self.folder / "has.json"
        path.write_text(json.dumps(has))
        return path

    def _many(self, hosts: list[str], wallet: str) -> list[dict[str, str]]:
        keys = [PrivateKey.generate() for _ in range(WAITING)]
        many = [
            {"Wallet": str(uuid4()), "Seed": key.seed().hex(), "PublicKey": key.public.spki}
            for key in keys
        ]
        path = self.folder / "many.json"
        path.write_text(json.dumps(many))
        self.server.manage(
            "shell", "-c", REGISTER.format(path=str(path), hosts=hosts, wallet=wallet)
        )
        return many


def _chat_of(wallet: Wallet) -> str:
    """Return the chat that a wallet has opened with EVIL."""
    chats = wallet.folder.path / "chats"
    _until(lambda: any(chats.glob("*.json")), wallet)
    return next(chats.glob("*.json")).stem


def _until(done: Any, wallet: Wallet) -> None:
    limit = time.monotonic() + 60
    while not done():
        if time.monotonic() > limit:
            raise RuntimeError("what an attack needs did not come about")
        wallet.poll(wait=1)


@dataclass
class Watcher:
    """The most memory, threads and database connections that were seen while it watched."""

    stage: Stage
    megabytes: float = 0.0
    threads: int = 0
    connections: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watcher:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        with ExitStack() as stack:
            database = None
            if self.stage.database:
                database = stack.enter_context(
                    psycopg.connect(self.stage.database, autocommit=True)
                )
            while True:
                self._look(database)
                if self._ended.wait(0.1):
                    return

    def _look(self, database: psycopg.Connection[Any] | None) -> None:
        with suppress(OSError):
            text = Path(f"/proc/{self.stage.pid}/status").read_text()
            lines = dict(line.split(":", 1) for line in text.splitlines())
            self.megabytes = max(self.megabytes, int(lines["VmRSS"].split()[0]) / 1024)
            self.threads = max(self.threads, int(lines["Threads"]))
        if database is not None:
            row = database.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).fetchone()
            self.connections = max(self.connections, row[0] - 1 if row else 0)
