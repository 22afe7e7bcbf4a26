"""`python -m config.bench_silent`: a flow beside one wallet that opens chats with silent names.

Starts a server (embedded, or as DATABASE_URL and CELERY_BROKER_URL say) and a listener that takes
connections and never says a word. People go to a ticket's offer in calm, then while one wallet has
opened a chat with each of so many hosts behind that listener.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from config.bench_pages import BROKER, PATIENCE, Page
from config.demo.server import BASE_DIR, NO_LIMITS, Server

MOST_SECONDS = 2.0  # that a flow may take longer than in calm
SETTLE_SECONDS = 1.0


class Silence:
    """A listener on 127.0.0.1 that takes every connection and never answers."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.held: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                self.held.append(self.listener.accept()[0])

    def close(self) -> None:
        self.listener.close()
        for connection in self.held:
            connection.close()


async def flow(client: httpx.AsyncClient) -> float:
    """Let somebody new go from a locator to the question whether to take a ticket; return the
    seconds."""
    page = Page(client)
    await page.onboard()
    await page.connect()
    began = time.monotonic()
    await page.reach_offer()
    seconds = time.monotonic() - began
    if page.listening is not None:
        page.listening.cancel()
    return seconds


async def open_silent(page: Page, names: int) -> None:
    """Open a chat with each of so many hosts that never answer; then all are told of it at once."""
    chats = []
    for number in range(names):
        hook = str(uuid4())
        locator = f".HOST,silent{number}.test,x"
        await page.send(BROKER, "Locate@Broker", {"Locator": locator, "Hook": hook})
        opened = await page.wait("Open@Notifier", Hook=hook)
        chats.append(opened.message["Body"]["Chat"])
    public = page.chat_key.public.spki
    for chat in chats:
        await page.send(BROKER, "Opened@Broker", {"Chat": chat, "PublicKey": public})


async def measure(server: Server, silence: Silence, names: int, flows: int) -> dict[str, Any]:
    """Play the flows in calm and beside the silent names, and return the figures."""
    timeout = httpx.Timeout(PATIENCE, read=None)
    async with httpx.AsyncClient(base_url=server.url, timeout=timeout) as client:
        await flow(client)
        calm = [await flow(client) for _ in range(flows)]
        stranger = Page(client)
        await stranger.onboard()
        await stranger.connect()
        await open_silent(stranger, names)
        await asyncio.sleep(SETTLE_SECONDS)
        beside = [await flow(client) for _ in range(flows)]
        if stranger.listening is not None:
            stranger.listening.cancel()
    return {
        "SilentNames": names,
        "Flows": flows,
        "ConnectionsTaken": len(silence.held),
        "CalmSeconds": spread(calm),
        "BesideSeconds": spread(beside),
        "MostLater": round(max(beside) - statistics.median(calm), 2),
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 2), "most": round(max(values), 2)}


def main() -> int:
    """Measure and print; 0 when no flow took two seconds more than in calm."""
    parser = argparse.ArgumentParser(prog="python -m config.bench_silent", description=__doc__)
    parser.add_argument("--names", type=int, default=40)
    parser.add_argument("--flows", type=int, default=10)
    parser.add_argument("--code", type=Path, default=BASE_DIR, help="another release's folder")
    arguments = parser.parse_args()
    silence = Silence()
    with tempfile.TemporaryDirectory(prefix="countersign-silent-") as name:
        settings = {
            "LOG_LEVEL": "WARNING",
            "PEER_ROUTES": f"silent*.test=http://127.0.0.1:{silence.port}",
            "OUTGOING_ALLOW": "127.0.0.0/8",
        }
        server = Server(Path(name), settings | NO_LIMITS, code=arguments.code)
        try:
            server.start()
            figures = asyncio.run(measure(server, silence, arguments.names, arguments.flows))
        finally:
            server.stop()
            silence.close()
    print(json.dumps(figures, indent=2))
    return 0 if figures["MostLater"] < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
