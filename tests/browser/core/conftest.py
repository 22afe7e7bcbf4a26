"""The wallet's modules in headless Chromium, against a server of its own that runs beside them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.demo.server import Server
from tests.browser.conftest import CHROMIUM, FLAGS, complaint

SECONDS = 20.0
TICKET = ".HOST,theatre.test,ticket"
PASSPHRASE = "a made-up passphrase"
# Nothing of ours runs on this page, so a test's wallet is the only one; its policy is the site's.
BLANK = "/wallet/about"
BEGIN = """async () => {
  globalThis.core = (name) => import(`/static/wallet/core/${name}.js`);
  const { Wallet } = await core('wallet');
  globalThis.Wallet = Wallet;
  globalThis.happened = [];
  globalThis.take = (wallet) => {
    globalThis.wallet = wallet;
    for (const event of ['change', 'online', 'offline', 'refused', 'removed']) {
      wallet?.on(event, (details) => happened.push([event, details]));
    }
    return wallet !== null;
  };
  globalThis.failure = (promise) => promise.then(() => '', (error) => error.code ?? String(error));
}"""
LINES = """async ([id, before]) => {
  const chats = await wallet.chats();
  const chat = id ?? chats.find((each) => !before.includes(each.id))?.id;
  return chat ? (await wallet.chat(chat)).lines : [];
}"""


class Tab:
    """A tab with the core loaded; its methods run the wallet's, in the browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.before: list[str] = []  # the chats that were there before the last locator
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.extend(complaint(line)))
        self.load()

    def load(self) -> Tab:
        self.page.goto(f"{self.url}{BLANK}")
        self.page.evaluate(BEGIN)
        return self

    def run(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def create(self, **wishes: str) -> str | None:
        """Make a wallet; return its recovery code."""
        wishes = {"language": "en-us", "name": "Mine", **wishes}
        script = "async (w) => (take(await Wallet.create(w)), wallet.recoveryCode)"
        return self.run(script, wishes)

    def open(self) -> bool:
        """Open the wallet that is in this browser; say whether there is one."""
        return bool(self.run("async () => take(await Wallet.open())"))

    def locate(self, locator: str = TICKET) -> str:
        """Open a locator; the newest chat is from now on the one that comes of it."""
        self.before = self.run("async () => (await wallet.chats()).map((chat) => chat.id)")
        return str(self.run("(text) => wallet.openLocator(text)", locator))

    def lines(self, chat: str | None = None) -> list[dict[str, Any]]:
        return list(self.run(LINES, [chat, self.before]))

    def question(self, text: str) -> dict[str, Any]:
        """Wait for an open question with this text in the newest chat."""

        def asked() -> dict[str, Any] | None:
            prompts = [line["prompt"] for line in self.lines() if line["kind"] == "prompt"]
            fits = [p for p in prompts if text in p["text"] and p["state"] == "open"]
            return fits[-1] if fits else None

        return dict(self.until(asked, f"the question {text!r}"))

    def line(self, text: str) -> dict[str, Any]:
        """Wait for a line with this text, or a note of this code, in the newest chat."""

        def said() -> dict[str, Any] | None:
            for line in self.lines():
                words = line["prompt"]["text"] if "prompt" in line else line["note"]["code"]
                if text in words:
                    return line
            return None

        return dict(self.until(said, f"the line {text!r}"))

    def until(self, look: Callable[[], Any], what: str) -> Any:
        limit = time.monotonic() + SECONDS
        while not (found := look()):
            if time.monotonic() > limit:
                lines = json.dumps(self.lines(), indent=1, ensure_ascii=False)
                raise AssertionError(f"{what} never came; {self.run('happened')}; {lines}")
            self.page.wait_for_timeout(50)
        return found

    def answer(self, prompt: dict[str, Any], **reply: Any) -> str:
        """Answer; return the code of the error, empty when it was taken."""
        script = "([id, reply]) => failure(wallet.answer(id, reply))"
        return str(self.run(script, [prompt["id"], reply]))

    def tokens(self) -> list[dict[str, Any]]:
        return list(self.run("() => wallet.tokens()"))

    def take_ticket(self) -> dict[str, Any]:
        """Go the whole way to a saved ticket and return it as the wallet shows it."""
        self.locate()
        assert self.answer(self.question("What name"), answer="Alice") == ""
        assert self.answer(self.question("Keep this"), result="YES") == ""
        self.line("Your ticket is in your wallet")
        return self.tokens()[0]


class House:
    """The server, and browsers to come to it with."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.tabs: list[Tab] = []

    def visit(self, context: BrowserContext | None = None) -> Tab:
        """Open a tab, in a fresh browser profile unless one is given."""
        if context is None:
            context = self.browser.new_context()
            self.contexts.append(context)
        self.tabs.append(Tab(context.new_page(), self.server.url))
        return self.tabs[-1]

    def shell(self, script: str) -> str:
        """Run Python against the server's database, as an operator with a shell would."""
        return self.server.manage("shell", "-v", "0", "-c", script)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), embedded=True).start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the browser tests need Debian's chromium, or CHROMIUM set to one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def house(server: Server, browser: Browser) -> Iterator[House]:
    """Whatever a page says on its console as an error fails the test; none may be expected."""
    made = House(server, browser)
    yield made
    for context in made.contexts:
        context.close()


@pytest.fixture
def tab(house: House) -> Iterator[Tab]:
    """A tab without a wallet."""
    opened = house.visit()
    yield opened
    assert opened.errors == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "python-wallet"
