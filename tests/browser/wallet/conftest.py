"""A server of its own with the demonstration's places, and people with browsers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.demo.server import Server
from tests.browser.conftest import CHROMIUM, FLAGS

PATIENCE = 20_000.0  # milliseconds: other tests may want this machine too
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server in a process of its own, embedded."""
    started = Server(tmp_path_factory.mktemp("wallet-server"), embedded=True)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the browser tests need Debian's chromium, or CHROMIUM set to one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Owner:
    """Somebody with a browser that has a wallet, or none yet."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    code: str = ""

    def watch(self, page: Page) -> Page:
        """Note whatever a page says of errors; that the network is gone is none."""
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self._heard(line.type, line.text))
        return page

    def _heard(self, kind: str, text: str) -> None:
        is_network = "net::ERR_" in text or "Failed to load resource" in text
        if kind == "error" and not is_network:
            self.complaints.append(text)

    def visit(self, path: str = "/wallet/") -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def onboard(self, name: str = "Alice", path: str = "/wallet/") -> Page:
        """Make a wallet, and keep its recovery code."""
        page = self.visit(path)
        page.fill("#wallet-name", name)
        page.click("text=Make my wallet")
        self.code = page.inner_text(".code")
        page.click("text=I have kept the code")
        return page

    def open(self, locator: str) -> Page:
        """Open a chat by pasting a locator."""
        page = self.page
        page.click(".nav-links a[href='#/open']")
        page.fill("#locator", locator)
        page.click("text=Look")
        page.click("text=Open chat")
        page.wait_for_selector(".said")
        return page

    def ticket(self, name: str = "Alice") -> Page:
        """Go as far as the offer of a seat ticket."""
        page = self.open(".HOST,theatre.test,ticket")
        page.fill(".composer textarea", name)
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Keep it")
        return page

    def shown_tokens(self) -> list[str]:
        """Return the titles on the cards."""
        self.page.goto(f"{self.url}/wallet/#/tokens")
        self.page.wait_for_selector(".list .ticket, .list .empty:not([hidden])")
        return self.page.locator(".list .ticket-title").all_inner_texts()


@dataclass
class People:
    """Makes owners; each has storage of its own."""

    browser: Browser
    url: str
    owners: list[Owner] = field(default_factory=list)

    def __call__(self, **options: Any) -> Owner:
        settings = {"viewport": PHONE, "locale": "en-US", "accept_downloads": True, **options}
        context = self.browser.new_context(**settings)
        owner = Owner(context, context.new_page(), self.url)
        owner.watch(owner.page)
        self.owners.append(owner)
        return owner


@pytest.fixture
def people(browser: Browser, server: Server) -> Iterator[People]:
    """People; anything that their pages complain of fails the test."""
    made = People(browser, server.url)
    yield made
    complaints = [each for owner in made.owners for each in owner.complaints]
    for owner in made.owners:
        owner.context.close()
    assert complaints == []


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path
