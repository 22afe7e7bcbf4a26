"""Every format of question, asked by a real talker and answered by typing and clicking."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.demo.server import Server
from tests.browser.wallet.conftest import PATIENCE, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)

TALKER = """💬 Questions:
- TEMP: One moment please.
- INFO: Some questions.
- CONFIRM Shall we begin? >> $sure
- ONE Which colour? >> $one:
    Options: [Red, Green]
- MANY Which days? >> $many:
    Options: [Monday, Tuesday, Friday]
    MinLength: 2
- TEXT What name? >> $text:
    MinLength: 3
- DIGITS Which number? >> $digits:
    MinLength: 4
- QUANTITY How many? >> $quantity:
    MinValue: 1
    MaxValue: 6
- AMOUNT How much? >> $amount:
    Currency: EUR
    Precision: 2
- STARS How was it? >> $stars
- DATE Which day? >> $date:
    MinValue: "2026-12-01"
- TIME When? >> $time
- DONE: "{$one} {$text} {$digits} {$quantity} {$amount} {$stars} {$date} {$time}"
- FAIL: Nothing failed.
"""
SAVE = "from host.services import save_talker; save_talker(domain='theatre.test', key='questions', title='Questions', source={source!r})"  # noqa: E501


def is_asked(page: Page, text: str) -> None:
    """Wait for a question, and for its input below the log."""
    expect(page.locator(".said").last).to_contain_text(text)
    expect(page.locator(".composer form")).to_be_visible()


def send(page: Page, question: str, value: str, *, refused: str = "") -> None:
    """Type into the question's input and send; first something that is refused, if any is."""
    is_asked(page, question)
    field = page.locator(".composer :is(input, textarea)")
    if refused:
        field.fill(refused)
        field.press("Enter")
        expect(page.locator(".composer .error")).not_to_be_empty()
        expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(value)
    field.press("Enter")


def test_every_format_is_asked_checked_and_answered(people: People, server: Server) -> None:
    server.manage("shell", "-v", "0", "-c", SAVE.format(source=TALKER))
    alice = people()
    alice.onboard()
    page = alice.open(".HOST,theatre.test,questions")
    is_asked(page, "Shall we begin?")
    expect(page.locator(".said.temp")).to_have_count(0)  # gone when more was said
    page.click(".composer button:has-text('Yes')")
    is_asked(page, "Which colour?")
    page.click(".composer button:has-text('Green')")
    is_asked(page, "Which days?")
    page.click(".composer label:has-text('Monday')")
    page.click(".composer .send")
    expect(page.locator(".composer .error")).to_contain_text("at least 2")
    page.click(".composer label:has-text('Friday')")
    page.click(".composer .send")
    send(page, "What name?", "Alice", refused="Al")
    send(page, "Which number?", "0123 4567", refused="four")
    send(page, "How many?", "3", refused="7")
    send(page, "How much?", "12.50", refused="12.505")
    is_asked(page, "How was it?")
    page.click(".composer .star >> nth=3")
    page.click(".composer .send")
    send(page, "Which day?", "2026-12-24", refused="2026-11-30")
    send(page, "When?", "18:30")
    expect(page.locator(".said.done")).to_contain_text(
        "Green Alice 01234567 3 €12.50 4 2026-12-24 18:30"
    )
    expect(page.locator(".said.fail")).to_contain_text("Nothing failed.")
    given = [text.strip() for text in page.locator(".mine .bubble").all_inner_texts()]
    assert given[:3] == ["Yes", "Green", "Monday, Friday"]
    assert "12.50 EUR" in given and "4 stars" in given
