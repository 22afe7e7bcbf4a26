"""The page for everybody: axe's rules, the keyboard alone, and writing from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from config.demo.server import Server
from tests.browser.gallery.screens import SHOTS, Shot, settle, staged
from tests.browser.gallery.stage import turn
from tests.browser.wallet.conftest import PATIENCE, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)

SERIOUS = ("serious", "critical")
FURTHEST = 40  # steps of the Tab key; nothing is farther
OVERFLOWS = """() => [document.documentElement, ...document.querySelectorAll('.pane, .log, dialog')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
# States that differ in what they are made of: those before there is a wallet, and the others.
ALONE = ["onboarding-dark", "restore-error", "recovery-code"]
LOOKED_AT = [
    "chats",
    "open-error",
    "chat-desk-dark",
    "prompt-one",
    "prompt-one-long",
    "prompt-stars",
    "prompt-error",
    "answers-offline",
    "offer-bad",
    "notes",
    "tokens-desk",
    "token-revoked",
    "token-code-document",
    "settings",
    "wipe",
]


# What is still fading in has less contrast than it is going to have. A spinner never ends.
SETTLED = """() => Promise.all(
    document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
        .map((each) => each.finished.catch(() => null))
).then(() => null)"""


def serious(page: Page) -> list[str]:
    """Return what axe finds that keeps people out, with the first element of each."""
    page.evaluate(SETTLED)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in SERIOUS
    ]


def shots(*names: str) -> list[Shot]:
    found = {shot.name: shot for shot in SHOTS}
    return [found[name] for name in names]


@pytest.mark.parametrize("shot", shots(*ALONE), ids=lambda shot: shot.name)
def test_first_screen_has_no_serious_finding(browser: Browser, server: Server, shot: Shot) -> None:
    with staged(browser, server.url, shot) as page:
        assert serious(page) == []


def test_no_state_has_a_serious_finding(browser: Browser, server: Server) -> None:
    found: dict[str, list[str]] = {}
    with staged(browser, server.url, shots("chats")[0]) as page:
        for shot in shots(*LOOKED_AT):
            turned(page, shot)
            found[shot.name] = serious(page)
    assert {name: each for name, each in found.items() if each} == {}


def turned(page: Page, shot: Shot) -> None:
    """Show a shot's scene in its size, colours and direction on a page that shows another."""
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    page.emulate_media(color_scheme="dark" if shot.dark else "light")
    direction = "rtl" if shot.right_to_left else "ltr"
    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
    turn(page, shot.scene, shot.path)
    if shot.act:
        shot.act(page)
    settle(page)


def left_edge(page: Page, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("(e) => e.getBoundingClientRect().x"))


def test_pages_fit_the_window_and_are_mirrored_from_right_to_left(
    browser: Browser, server: Server
) -> None:
    with staged(browser, server.url, shots("chats")[0]) as page:
        for shot in shots("prompt-long", "rtl-chat", "rtl-tokens", "rtl-desk", "rtl-offer"):
            turned(page, shot)
            assert page.evaluate(OVERFLOWS) == [], shot.name
        middle = shot.size[0] / 2
        assert left_edge(page, ".up") > middle
        assert all(left_edge(page, each) < middle for each in (".menu", ".mine .bubble"))
        style = "(e) => getComputedStyle(e).textAlign"
        assert page.locator(".ticket-title").evaluate(style) in ("right", "-webkit-right")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what the selector names has the focus, visibly."""
    for _ in range(FURTHEST):
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            assert page.evaluate("() => document.activeElement.matches(':focus-visible')")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by the Tab key")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    page.wait_for_selector(selector)
    tab_to(page, selector)
    page.keyboard.press(key)


def test_ticket_is_taken_and_shown_by_keyboard_alone(people: People) -> None:
    alice = people()
    page = alice.visit("/go/.HOST,theatre.test,ticket")
    page.wait_for_selector("#wallet-name")
    press(page, "form .button.primary")
    press(page, ".code-step .button.primary")
    page.wait_for_selector(".asked")
    assert serious(page) == []
    press(page, ".row.big .button.primary")
    page.wait_for_selector(".composer textarea")
    tab_to(page, ".composer textarea")
    page.keyboard.type("Alice")
    page.keyboard.press("Enter")
    expect(page.locator(".offered .proof")).to_contain_text("Signature of theatre.test checked")
    assert serious(page) == []
    press(page, ".composer .button.primary")
    press(page, ".note.token-saved a")
    expect(page.locator(".checked.good")).to_contain_text("Signed by theatre.test")
    assert serious(page) == []
    press(page, ".token-body .button.primary")
    page.wait_for_selector("dialog .code-paper svg")
    press(page, "dialog input[value=link]", "ArrowRight")
    expect(page.locator("dialog input[value=offline]")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("() => document.activeElement.matches('.token-body .button.primary')")
