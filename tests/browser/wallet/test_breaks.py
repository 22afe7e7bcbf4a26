"""What may come between a person and an answer: no network, a reload, other tabs, other people."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.wallet.conftest import PATIENCE, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)


def test_answer_given_offline_waits_and_is_sent_once_when_back(people: People) -> None:
    alice = people()
    alice.onboard()
    page = alice.open(".HOST,theatre.test,ticket")
    page.wait_for_selector(".composer textarea")
    alice.context.set_offline(True)
    expect(page.locator(".banner")).to_contain_text("Offline")
    page.fill(".composer textarea", "Alice")
    page.keyboard.press("Enter")
    expect(page.locator(".mine.queued .fate")).to_contain_text("Waits to be sent")
    alice.context.set_offline(False)
    expect(page.locator(".mine.sent")).to_contain_text("Alice")
    expect(page.locator(".offered .ticket")).to_contain_text("Alice, one seat")
    expect(page.locator(".banner")).to_be_empty()
    page.click("text=Keep it")
    page.wait_for_selector(".note.token-saved")


def test_tokens_can_be_looked_at_after_a_reload_without_a_network(people: People) -> None:
    alice = people()
    alice.onboard()
    page = alice.ticket()
    page.click("text=Keep it")
    page.wait_for_selector(".note.token-saved")
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    alice.context.set_offline(True)
    page.reload()
    page.click("[aria-label=Back]")  # on a phone a chat covers the bar of places
    page.click(".nav-links a[href='#/tokens']")
    page.click(".list .ticket a")
    expect(page.locator(".checked")).to_contain_text("Signed by theatre.test")
    page.click("text=Show code")
    page.wait_for_selector(".code-paper svg")


def test_reload_in_mid_flow_loses_nothing(people: People) -> None:
    alice = people()
    alice.onboard()
    page = alice.open(".HOST,theatre.test,ticket")
    page.wait_for_selector(".composer textarea")
    page.reload()
    page.fill(".composer textarea", "Alice")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Keep it")
    page.reload()
    page.click("text=Keep it")
    # Shown is written down; a reload that is faster than that finds the question still open.
    page.wait_for_selector(".said:has(.offered) .mine")
    page.reload()
    page.wait_for_selector(".note.token-saved")
    expect(page.locator(".said.done")).to_contain_text("See you tonight, Alice.")
    assert len(alice.shown_tokens()) == 1


def test_two_wallets_at_once_keep_apart(people: People) -> None:
    alice, bob = people(), people()
    alice.onboard("Alice")
    bob.onboard("Bob")
    alice.ticket("Alice")
    bob.ticket("Bob")
    alice.page.click("text=Keep it")
    bob.page.click("text=No, thanks")
    expect(bob.page.locator(".said.fail")).to_contain_text("No ticket then")
    alice.page.wait_for_selector(".note.token-saved")
    expect(alice.page.locator(".log")).not_to_contain_text("Bob")
    assert (len(alice.shown_tokens()), bob.shown_tokens()) == (1, [])


def test_two_chats_of_one_wallet_at_once(people: People) -> None:
    alice = people()
    alice.onboard()
    alice.open(".HOST,theatre.test,ticket")
    alice.page.click("[aria-label=Back]")
    page = alice.open(".HOST,gym.test,membership")
    page.goto(f"{alice.url}/wallet/#/chats")
    expect(page.locator(".row-link .badge")).to_have_count(2)
    page.click(".row-link:has-text('theatre')")
    page.wait_for_selector(".composer textarea")
    page.click("[aria-label=Back]")
    page.click(".row-link:has-text('gym')")
    page.wait_for_selector(".composer button:has-text('Anytime you like')")


def test_two_tabs_answer_once(people: People) -> None:
    alice = people()
    alice.onboard()
    first = alice.ticket()
    second = alice.watch(alice.context.new_page())
    second.goto(first.url)
    second.wait_for_selector("text=Keep it")
    # One click each, with nothing between them: the first that is written down counts.
    for tab, text in ((first, "Keep it"), (second, "No, thanks")):
        tab.evaluate(
            "text => { for (const each of document.querySelectorAll('.composer button'))"
            " if (each.textContent === text) setTimeout(() => each.click(), 300) }",
            text,
        )
    for tab in (first, second):
        expect(tab.locator(".said:has(.offered) .mine .bubble")).to_have_count(1)
        expect(tab.locator(".composer button")).to_have_count(0)
    answers = [tab.inner_text(".said:has(.offered) .mine .bubble") for tab in (first, second)]
    assert answers[0] == answers[1]
    end = ".said.done" if answers[0] == "Yes" else ".said.fail"
    for tab in (first, second):
        tab.wait_for_selector(end)
    assert len(alice.shown_tokens()) == (1 if answers[0] == "Yes" else 0)


def test_answer_in_one_tab_is_seen_in_the_other(people: People) -> None:
    alice = people()
    alice.onboard()
    first = alice.ticket()
    second = alice.watch(alice.context.new_page())
    second.goto(first.url)
    second.wait_for_selector("text=Keep it")
    first.click("text=Keep it")
    expect(second.locator(".said:has(.offered) .mine")).to_contain_text("Yes")
    expect(second.locator(".composer")).to_be_empty()
