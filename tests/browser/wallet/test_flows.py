"""The three ends of an offer, as a person clicks through them: kept, declined, left to lapse."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.demo.server import Server
from tests.browser.wallet.conftest import PATIENCE, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
expect.set_options(timeout=PATIENCE)


def ends(server: Server, issuer: str) -> dict[str, str]:
    """Return the last state of an issuer's newest token at each side."""
    of_issuer = [each for each in server.history() if each["Domain"] == issuer]
    token = of_issuer[-1]["Token"]
    states: list[dict[str, Any]] = [
        each for each in server.history(token) if each["Kind"] == "STATE"
    ]
    return {each["Side"]: each["Value"] for each in states}


def hears(page: Page, kind: str, text: str) -> None:
    """Wait until a line of a kind has been fetched and says so."""
    expect(page.locator(f".said.{kind}").last).to_contain_text(text)


def test_from_a_link_to_the_first_saved_ticket_in_under_a_minute(
    people: People, server: Server
) -> None:
    started = time.monotonic()
    alice = people()
    page = alice.onboard(path="/go/.HOST,theatre.test,ticket")
    expect(page.locator(".asked")).to_contain_text("Talk to theatre.test?")
    page.click("text=Open chat")
    page.fill(".composer textarea", "Alice")
    page.keyboard.press("Enter")
    card = page.locator(".offered .ticket")
    expect(card).to_contain_text("The Guild theatre")
    expect(card).to_contain_text("Alice, one seat")
    expect(card).to_contain_text("Valid from")
    expect(page.locator(".offered")).to_contain_text("Signature of theatre.test checked")
    expect(page.locator(".offered .due")).to_contain_text("The offer ends")
    page.click("text=Keep it")
    page.wait_for_selector(".note.token-saved")
    assert time.monotonic() - started < 60
    expect(page.locator(".said.done")).to_contain_text("See you tonight, Alice.")
    assert ends(server, "theatre.test") == {"issuer": "ACCEPTED", "broker": "SAVED"}
    assert len(alice.shown_tokens()) == 1


def test_declined_offer_leaves_no_token(people: People, server: Server) -> None:
    bob = people()
    bob.onboard("Bob")
    page = bob.open(".HOST,gym.test,membership")
    page.click(".composer button:has-text('Mornings only')")
    page.click(".composer button:has-text('Yes')")
    page.click("text=No, thanks")
    hears(page, "fail", "No membership today")
    assert ends(server, "gym.test") == {"issuer": "DECLINED", "broker": "DECLINED"}
    assert bob.shown_tokens() == []


def test_offer_that_is_left_alone_ends_and_says_so(people: People, server: Server) -> None:
    charlie = people()
    charlie.onboard("Charlie")
    page = charlie.open(".HOST,library.test,card")
    page.wait_for_selector("text=Keep it")
    hears(page, "fail", "Nobody took the card in time")
    expect(page.locator(".said .ended")).to_contain_text("The offer has ended.")
    expect(page.locator(".composer")).to_be_empty()
    assert ends(server, "library.test") == {"issuer": "EXPIRED", "broker": "EXPIRED"}
    assert charlie.shown_tokens() == []
