"""A token's two codes, read off the screen as a scanner would."""

from __future__ import annotations

import base64
import json
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from messaging.syntax import WEB_PREFIX, parse_locator
from tests.browser.wallet.conftest import PATIENCE, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
expect.set_options(timeout=PATIENCE)


def scanned(page: Page) -> str:
    """Return what a scanner reads off the whole screen of the phone."""
    [code] = zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))
    return str(code.text)


def test_both_codes_of_a_token_scan_as_what_they_stand_for(people: People) -> None:
    alice = people(device_scale_factor=2)
    alice.onboard()
    page = alice.ticket()
    page.click("text=Keep it")
    page.click(".note.token-saved a")
    page.click("text=Raw document")
    page.fill("#token-tag", "Row B")
    page.press("#token-tag", "Enter")  # draws the token anew; what was opened stays open
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    expect(page.locator(".raw")).to_be_visible()
    document = json.loads(page.inner_text(".raw"))
    page.click("text=Show code")
    page.wait_for_selector(".code-paper svg")
    status = scanned(page)
    assert status.startswith(WEB_PREFIX)
    locator = parse_locator(status)
    assert (locator.domain, locator.key) == ("broker.test", document["Token"])
    assert locator.inputs == {"Issuer": "theatre.test"}
    page.check("input[value=offline]", force=True)
    offline = scanned(page)
    assert offline.startswith("PWT1:")
    coded = offline.removeprefix("PWT1:")
    whole = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
    assert whole == {name: value for name, value in document.items() if name != "Algorithm"}
