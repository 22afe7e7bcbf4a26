"""A proxy between nginx and the server that delivers messages twice and in another order.

`python -m tests.apart.weather LISTEN-PORT SERVER-PORT DOUBLED DELAYED SECONDS SEED`: the share of
inbox messages that are delivered again later, and of those that are held back for up to SECONDS.
"""

from __future__ import annotations

import http.client
import random
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIMEOUT = 60
DROPPED = frozenset({"connection", "transfer-encoding", "content-length", "server", "date"})


@dataclass(frozen=True)
class Request:
    """What came in."""

    command: str
    path: str
    headers: dict[str, str]
    body: bytes


class Weather(BaseHTTPRequestHandler):
    """Passes everything on; the server's settings are the class's attributes."""

    protocol_version = "HTTP/1.1"
    upstream = 0
    doubled = delayed = seconds = 0.0
    chance = random.Random(0)
    happened = {"messages": 0, "doubled": 0, "delayed": 0}
    lock = threading.Lock()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Kept apart from `self`: it belongs to the connection, whose next request changes it.
        asked = Request(
            self.command,
            self.path,
            {k: v for k, v in self.headers.items() if k.lower() != "connection"},
            body,
        )
        is_message = self.command == "POST" and self.path == "/inbox"
        if is_message:
            again, wait = self.draw()
            time.sleep(wait)
            if again:
                threading.Thread(target=self.repeat, args=(asked, again), daemon=True).start()
        try:
            status, headers, answer = self.ask(asked)
        except OSError:
            status, headers, answer = 502, [], b""
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = pass_on  # noqa: N815 - http.server looks for these names

    def draw(self) -> tuple[float, float]:
        """Return after how long to deliver again (0: not), and how long to hold it back."""
        with self.lock:
            self.happened["messages"] += 1
            again = self.chance.random() < self.doubled
            late = self.chance.random() < self.delayed
            self.happened["doubled"] += again
            self.happened["delayed"] += late
            after = self.chance.choice([0.001, 0.5, 3.0])
            return after * again, self.chance.uniform(0, self.seconds) * late

    def repeat(self, asked: Request, after: float) -> None:
        time.sleep(after)
        try:
            self.ask(asked)
        except OSError as error:
            self.log_error("the repeat found nobody: %s", error)

    def ask(self, asked: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=TIMEOUT)
        try:
            link.request(asked.command, asked.path, body=asked.body, headers=asked.headers)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            link.close()

    def log_message(self, format: str, *args: object) -> None:
        """One line for what matters is enough: see `report`."""


def report() -> None:
    while True:
        time.sleep(1)
        print(dict(Weather.happened), flush=True)


def main() -> None:
    listen, Weather.upstream = int(sys.argv[1]), int(sys.argv[2])
    Weather.doubled, Weather.delayed, Weather.seconds = (float(word) for word in sys.argv[3:6])
    Weather.chance = random.Random(int(sys.argv[6]))
    threading.Thread(target=report, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", listen), Weather)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
