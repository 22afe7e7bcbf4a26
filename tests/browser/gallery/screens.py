"""`make screens`: pictures of every state of the wallet's page, for docs/wallet.md.

The first ones are of a real wallet that goes from a link to its first ticket; the others show the
same page with made-up rows (wallet.js of this folder), because a real flow cannot be everywhere.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from config.demo.link import LOCATOR
from config.demo.server import Server
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.gallery.stage import replace_core, show

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "screens"
PHONE = (390, 780)
SHORT = (390, 500)
DESK = (1200, 760)
COLOURS = 96
ISSUERS = {
    "valid": "theatre.test",
    "future": "ferry.test",
    "suspended": "library.test",
    "expired": "theatre.test",
    "revoked": "pool.test",
    "invalid": "market.test",
}


def token_path(state: str) -> str:
    """Return where the page shows the made-up token of a state."""
    issuer = ISSUERS[state]
    number = f"0190a0f0-0000-7000-8000-0000000000{len(state)}{len(issuer)}"
    return f"tokens/{issuer}%2F{number}"


@dataclass(frozen=True)
class Shot:
    """A picture: `act` brings the scene to the moment; `size` is that of the window."""

    name: str
    scene: str
    path: str = "chats/theatre"
    act: Callable[[Page], Any] | None = None
    size: tuple[int, int] = PHONE
    dark: bool = False
    language: str = "en-US"
    right_to_left: bool = False


def click(selector: str) -> Callable[[Page], None]:
    return lambda page: page.click(selector)


def recovery_code(page: Page) -> None:
    page.click("text=Make my wallet")
    page.wait_for_selector(".code")


def wrong_code(page: Page) -> None:
    """Try to restore what is no backup of this secret."""
    page.click("text=I have a backup")
    page.set_input_files(
        "#backup-file", {"name": "b.json", "mimeType": "text/plain", "buffer": b"{}"}
    )
    page.fill("#backup-phrase", "not this one")
    page.click(".restore button")
    page.wait_for_selector(".restore .error:not(:empty)")
    page.locator(".restore button").scroll_into_view_if_needed()


def wrong_amount(page: Page) -> None:
    page.fill(".composer input", "0,5 or so")
    page.click(".composer .send")


def wrong_link(page: Page) -> None:
    page.fill("#locator", "good evening")
    page.click("text=Look")


def told(page: Page) -> None:
    page.wait_for_selector(".toast.danger")


def code(form: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.click("text=Show code")
        page.check(f"input[value={form}]", force=True)

    return act


PROMPTS = "confirm one one-long many text digits quantity amount stars date time unknown status"
SHOTS = [
    Shot("onboarding", "new", ""),
    Shot("onboarding-dark", "new", "", dark=True),
    Shot("onboarding-desk", "new", "", size=DESK),
    Shot("onboarding-pt", "new", "", language="pt-PT"),
    Shot("onboarding-passphrase", "new", "", click("text=Choose my own")),
    Shot("recovery-code", "new", "", recovery_code),
    Shot("restore-error", "new", "", wrong_code),
    Shot("chats-empty", "none", "chats"),
    Shot("tokens-empty", "none", "tokens"),
    Shot("open", "text", "open", size=SHORT),
    Shot("open-error", "text", "open", wrong_link, SHORT),
    Shot("open-asked", "text", f"open/{LOCATOR}", size=SHORT),
    Shot("open-waiting", "text", f"open/{LOCATOR}", click("text=Open chat"), SHORT),
    Shot("chats", "text", "chats"),
    Shot("chats-dark", "text", "chats", dark=True),
    Shot("chat-desk", "offer", size=DESK),
    Shot("chat-desk-dark", "offer", size=DESK, dark=True),
    Shot("chat-pt", "offer", language="pt-PT"),
    Shot("chat-menu", "text", act=click(".menu button")),
    *[Shot(f"prompt-{scene}", scene, size=SHORT) for scene in PROMPTS.split()],
    Shot("prompt-dark", "many", size=SHORT, dark=True),
    Shot("prompt-details", "confirm", act=click("summary")),
    Shot("prompt-error", "amount", act=wrong_amount, size=SHORT),
    Shot("prompt-long", "long"),
    Shot("answers-offline", "answers"),
    Shot("offer-dark", "offer", dark=True),
    Shot("offer-bad", "offer-bad"),
    Shot("offer-unseen", "offer-unseen"),
    Shot("offer-ended", "offer-ended"),
    Shot("offer-refused", "offer-refused", act=told),
    Shot("notes", "notes"),
    Shot("tokens", "text", "tokens"),
    Shot("tokens-dark", "text", "tokens", dark=True),
    Shot("tokens-desk", "text", token_path("valid"), size=DESK),
    Shot("tokens-desk-dark", "text", token_path("valid"), size=DESK, dark=True),
    *[Shot(f"token-{state}", "text", token_path(state)) for state in ISSUERS],
    Shot("token-document", "text", token_path("valid"), click("text=Raw document")),
    Shot("token-code-status", "text", token_path("valid"), code("link")),
    Shot("token-code-document", "text", token_path("valid"), code("offline")),
    Shot("token-delete", "text", token_path("valid"), click("text=Delete")),
    Shot("settings", "text", "settings"),
    Shot("settings-desk-dark", "text", "settings", size=DESK, dark=True),
    Shot("wipe", "text", "settings", click("text=Delete everything")),
    Shot("rtl-chat", "arabic", right_to_left=True),
    Shot("rtl-offer", "offer", right_to_left=True),
    Shot("rtl-tokens", "text", "tokens", right_to_left=True),
    Shot("rtl-desk", "text", token_path("valid"), size=DESK, right_to_left=True),
]
REAL = ["first-1-asked", "first-2-question", "first-3-offer", "first-4-kept", "first-5-ticket"]


def names() -> set[str]:
    """Return the name of every picture."""
    return {shot.name for shot in SHOTS} | set(REAL)


def settle(page: Page) -> None:
    """Wait until what moves has come to rest."""
    page.evaluate(
        "Promise.all(document.getAnimations().filter((a) => !a.effect.getTiming().iterations"
        " || a.effect.getTiming().iterations === 1).map((a) => a.finished.catch(() => 0)))"
    )


def take(page: Page, name: str) -> None:
    """Write the picture of what the window shows, with few colours, as a small file."""
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as whole:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


@contextmanager
def window(browser: Browser, shot: Shot) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        locale=shot.language,
        color_scheme="dark" if shot.dark else "light",
        service_workers="block",
        has_touch=shot.size != DESK,
    )
    yield context.new_page()
    context.close()


@contextmanager
def staged(browser: Browser, url: str, shot: Shot) -> Iterator[Page]:
    """Give a page at a shot's moment."""
    with window(browser, shot) as page:
        replace_core(page.context)
        if shot.right_to_left:
            page.add_init_script(
                "new MutationObserver(() => { document.documentElement.dir = 'rtl' })"
                ".observe(document, { childList: true })"
            )
        show(page, url, shot.scene, shot.path)
        if shot.act:
            shot.act(page)
        settle(page)
        yield page


def first_ticket(browser: Browser, url: str) -> None:
    """From a followed link to the first ticket, with a real wallet."""
    with window(browser, Shot("first", "")) as page:
        page.goto(f"{url}/go/{LOCATOR}")
        page.click("text=Make my wallet")
        page.click("text=I have kept the code")
        page.wait_for_selector(".asked")
        settle(page)
        take(page, "first-1-asked")
        page.click("text=Open chat")
        page.fill(".composer textarea", "Alice")
        settle(page)
        take(page, "first-2-question")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Keep it")
        settle(page)
        take(page, "first-3-offer")
        page.click("text=Keep it")
        page.wait_for_selector(".said.done")
        settle(page)
        take(page, "first-4-kept")
        page.click(".note.token-saved a")
        page.wait_for_selector(".checked.good")
        settle(page)
        take(page, "first-5-ticket")


def main(wanted: list[str]) -> int:
    """Take all pictures, or those named; drop the files of others when all are taken."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="countersign-screens-") as folder:
        server = Server(Path(folder), embedded=True).start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                if not wanted or set(wanted) & set(REAL):
                    first_ticket(browser, server.url)
                for shot in SHOTS:
                    if not wanted or shot.name in wanted:
                        with staged(browser, server.url, shot) as page:
                            take(page, shot.name)
                browser.close()
        finally:
            server.stop()
    if not wanted:
        for file in FOLDER.glob("*.png"):
            if file.stem not in names():
                file.unlink()
    size = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures, {size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
