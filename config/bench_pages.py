"""`make bench-pages`: how long an offer takes to reach a page while many pages listen.

Starts a server (embedded, or as DATABASE_URL and CELERY_BROKER_URL say), connects the pages to its
live feed as the browser does, and has one person after the other go to a ticket's offer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from config.demo.server import NO_LIMITS, Server
from messaging import clock
from messaging.envelope import ANONYMOUS, Envelope
from messaging.signing import PrivateKey
from wallets.request_signature import request_headers

NOTIFIER, BROKER, HOST = "notifier.test", "broker.test", "theatre.test"
TICKET = f".HOST,{HOST},ticket"
STREAM = "/wallet/stream"
PATIENCE = 60.0
AT_ONCE = 8  # pages that are set up at the same time


@dataclass
class Event:
    """A notification as a page got it: its message, and how long after it was stored."""

    message: dict[str, Any]
    at: float
    lag: float


@dataclass
class Page:
    """A wallet that listens; keys as in a browser, messages straight to the inbox."""

    client: httpx.AsyncClient
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    chat_key: PrivateKey = field(default_factory=PrivateKey.generate)
    wallet: str = ""
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    listening: asyncio.Task[None] | None = None

    async def send(
        self, to: str, subject: str, body: dict[str, Any], key: PrivateKey | None = None
    ) -> dict[str, Any]:
        """Post a message of the wallet, or with a key as nobody in particular."""
        sender = self.wallet if key is None else ANONYMOUS
        envelope = Envelope.build(
            sender=sender, to=to, subject=subject, body=body, now=clock.now()
        ).signed(key or self.key)
        answer = await self.client.post(
            "/inbox", content=envelope.to_bytes(), headers={"Content-Type": "application/json"}
        )
        answer.raise_for_status()
        return dict(answer.json())

    async def onboard(self) -> None:
        body = {"Language": "en-us", "PublicKey": self.key.public.spki}
        answer = await self.send(NOTIFIER, "Onboard@Notifier", body, key=self.key)
        self.wallet = answer["Response"]["Body"]["Wallet"]

    async def connect(self) -> None:
        self.listening = asyncio.create_task(self.listen())
        await asyncio.wait_for(self.connected.wait(), PATIENCE)

    async def listen(self) -> None:
        headers = request_headers(
            self.key,
            method="GET",
            path=STREAM,
            notifier=NOTIFIER,
            wallet=self.wallet,
            body=b"",
            now=clock.now(),
        )
        accept = {"Accept": "text/event-stream"}
        async with self.client.stream("GET", STREAM, headers=headers | accept) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                self.connected.set()
                if line.startswith("data: "):
                    value = json.loads(line.removeprefix("data: "))
                    stored = datetime.fromisoformat(value["Created"]).timestamp()
                    await self.events.put(
                        Event(value["Message"], time.monotonic(), time.time() - stored)
                    )

    async def wait(self, subject: str, **body: str) -> Event:
        """Return the next event of a subject whose body has these fields."""
        while True:
            event = await asyncio.wait_for(self.events.get(), PATIENCE)
            given = event.message["Body"]
            fits = all(given.get(name) == value for name, value in body.items())
            if event.message["Header"]["Subject"] == subject and fits:
                return event

    async def reach_offer(self) -> tuple[float, float]:
        """Go to a ticket's offer; return the seconds from the person's answer to the question at
        the page, and those of the feed alone."""
        hook = str(uuid4())
        await self.send(BROKER, "Locate@Broker", {"Locator": TICKET, "Hook": hook})
        opened = await self.wait("Open@Notifier", Hook=hook)
        chat = opened.message["Body"]["Chat"]
        public = self.chat_key.public.spki
        await self.send(BROKER, "Opened@Broker", {"Chat": chat, "PublicKey": public})
        name = await self.wait("Prompt@Notifier", Format="TEXT")
        body = {"Prompt": name.message["Body"]["Hook"], "Result": "OK", "Answer": "Alice"}
        asked = time.monotonic()
        await self.send(HOST, "Reply@Host", body, key=self.chat_key)
        offer = await self.wait("Prompt@Notifier", Format="CONFIRM")
        return offer.at - asked, offer.lag


def resident(pid: int) -> float:
    """Return the memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


async def few_at_once(work: list[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(do: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await do()

    await asyncio.gather(*(one(do) for do in work))


async def measure(server: Server, pages: int, offers: int, pause: float) -> dict[str, Any]:
    """Connect the pages, play the offers, and return the figures."""
    pid = server.process.pid if server.process else 0
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    timeout = httpx.Timeout(PATIENCE, read=None)
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=timeout) as client:
        warm = Page(client)
        await warm.onboard()
        await warm.connect()
        await warm.reach_offer()
        everybody = [Page(client) for _ in range(pages)]
        await few_at_once([page.onboard for page in everybody])
        before = resident(pid)
        await few_at_once([page.connect for page in everybody])
        connected = resident(pid)
        figures = []
        for number in range(offers):
            figures.append(await everybody[number * pages // offers].reach_offer())
            await asyncio.sleep(pause)
        tasks = [page.listening for page in [warm, *everybody] if page.listening]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
    return {
        "Pages": pages,
        "Offers": offers,
        "OfferSeconds": spread([whole for whole, _ in figures]),
        "FeedSeconds": spread([feed for _, feed in figures]),
        "ServerMB": {"before": round(before, 1), "connected": round(connected, 1)},
        "KBPerPage": round((connected - before) * 1024 / pages, 1),
    }


def spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {
        "p50": round(cuts[49], 3),
        "p95": round(cuts[94], 3),
        "p99": round(cuts[98], 3),
        "most": round(max(values), 3),
    }


def main() -> int:
    """Measure and print; 0 when the 95th percentile is under a second."""
    parser = argparse.ArgumentParser(prog="python -m config.bench_pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds between two offers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="countersign-pages-") as name:
        # One person after the other comes from one address here; the rate is not what is measured.
        server = Server(
            Path(name),
            {"LOG_LEVEL": "WARNING", **NO_LIMITS},
        )
        try:
            server.start()
            figures = asyncio.run(
                measure(server, arguments.pages, arguments.offers, arguments.pause)
            )
        finally:
            server.stop()
    print(json.dumps(figures, indent=2))
    return 0 if figures["OfferSeconds"]["p95"] < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
