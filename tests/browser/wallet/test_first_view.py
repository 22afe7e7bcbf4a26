"""What the first view of somebody who was never here costs: bytes as transferred, and time."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.wallet.conftest import People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MOST_BYTES = 60_000  # promised are 100 KB; it is about 35
MOST_SECONDS = 1.0
TRIES = 8  # other work on this machine only ever adds to a time, so the best one counts


# What was asked for before the page said that it can be used, by address, and when that was.
BEFORE = """() => {
  const { startTime } = performance.getEntriesByName('usable')[0];
  const asked = performance.getEntriesByType('resource').filter((e) => e.startTime < startTime);
  return [startTime, asked.map((e) => e.name)];
}"""


class Transfer:
    """Bytes that came over the network for each address, headers included."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, int] = {}
        self.urls: dict[str, str] = {}
        network = page.context.new_cdp_session(page)
        network.on("Network.responseReceived", self._begun)
        network.on("Network.loadingFinished", self._done)
        network.send("Network.enable")

    def _begun(self, event: dict[str, Any]) -> None:
        self.urls[event["requestId"]] = event["response"]["url"]

    def _done(self, event: dict[str, Any]) -> None:
        self.sizes[self.urls[event["requestId"]]] = int(event["encodedDataLength"])


def test_first_view_is_small_and_usable_within_a_second(people: People) -> None:
    times: list[float] = []
    for _ in range(TRIES):
        alice = people()
        transfer = Transfer(alice.page)
        page = alice.visit()
        page.fill("#wallet-name", "Alice")
        page.wait_for_load_state("networkidle")
        milliseconds, asked = page.evaluate(BEFORE)
        times.append(milliseconds / 1000)
        sizes = [transfer.sizes[url] for url in [page.url, *asked]]
        if times[-1] < MOST_SECONDS:
            break
    sys.stdout.write(
        f"{sum(sizes)} bytes in {len(sizes)} files, usable after {min(times):.2f} s; "
        f"later {sum(transfer.sizes.values()) - sum(sizes)} bytes\n"
    )
    assert 10_000 < sum(sizes) < MOST_BYTES
    assert min(times) < MOST_SECONDS, times


def test_second_visit_needs_no_file_from_the_network(people: People) -> None:
    alice = people()
    page = alice.onboard()
    page.wait_for_selector(".nav-links")
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    asked: list[str] = []
    alice.context.on("response", lambda r: None if r.from_service_worker else asked.append(r.url))
    page.reload()
    page.wait_for_selector(".nav-links")
    from_network = [url for url in asked if "/static/" in url and "/icons/" not in url]
    assert from_network == []
