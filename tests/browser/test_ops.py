"""Operators in a real browser: find a token and what happened to it; write a talker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from config.faults import poison
from host.models import Talker
from issuer.models import Token
from messaging import clock
from scripts import wakes
from scripts.registry import registry
from tests.flows.steps import agreed_ticket
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import begin

pytestmark = pytest.mark.browser
# Where to leave screenshots for a person to look at; nowhere by default.
SHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture(autouse=True)
def _orm_beside_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser's driver runs an event loop in this thread; Django would refuse the database."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def kept(alice: Person) -> str:
    """A token that alice has accepted."""
    _, token = agreed_ticket(alice)
    alice.saved("theatre.test", token)
    pump()
    return token


@pytest.fixture
def ops(live_server: LiveServer, page: Page, places: list[str]) -> Page:
    """The operators' pages, logged in."""
    User.objects.create_superuser("bob", password="made-up-for-this-test")
    page.goto(f"{live_server.url}/ops/")
    page.fill("#id_username", "bob")
    page.fill("#id_password", "made-up-for-this-test")
    page.click("input[type=submit]")
    return page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_token_is_found_with_its_events_and_cannot_be_edited(kept: str, ops: Page) -> None:
    ops.goto(ops.url.split("/ops/")[0] + "/ops/issuer/token/")
    ops.fill("#searchbar", kept)
    ops.click("#changelist-search input[type=submit]")
    shoot(ops, "tokens")
    ops.click("#result_list tbody tr th a")
    expect(ops.locator("#events-group")).to_contain_text("ISSUED")
    expect(ops.locator("#events-group")).to_contain_text("ACCEPTED")
    expect(ops.locator("input[name=_save]")).to_have_count(0)
    shoot(ops, "token")
    ops.click("text=the runs this token started")
    expect(ops.locator("#result_list")).to_contain_text("OnTokenIssued")
    ops.click("#result_list a:has-text('OnTokenIssued')")
    ops.click("text=the messages it sent")
    expect(ops.locator("#result_list")).to_contain_text("Issue@Broker")
    shoot(ops, "messages")


def test_run_shows_its_segments(kept: str, ops: Page) -> None:
    base = ops.url.split("/ops/")[0]
    ops.goto(f"{base}/ops/scripts/run/?q={Token.objects.get().run}")
    ops.click("#result_list tbody tr th a")
    expect(ops.locator("#events-group")).to_contain_text("WAITING")
    expect(ops.locator("#events-group")).to_contain_text("DONE")
    shoot(ops, "run")


def test_talker_with_a_fault_is_told_its_line_and_a_good_one_is_kept(ops: Page) -> None:
    base = ops.url.split("/ops/")[0]
    ops.goto(f"{base}/ops/host/talker/add/")
    ops.select_option("#id_domain", "gym.test")
    ops.fill("#id_key", "day")
    ops.fill("#id_title", "Day pass")
    ops.fill("#id_source", "💬 Day pass:\n- INFOO: Welcome")
    ops.click("input[name=_save]")
    expect(ops.locator(".errorlist >> nth=0")).to_contain_text(
        "day.yaml:2:3: unknown command INFOO"
    )
    expect(ops.locator(".script-lines .faulty")).to_contain_text("- INFOO: Welcome")
    expect(ops.locator(".script-lines .faulty p")).to_have_text(
        "unknown command INFOO (did you mean INFO?)"
    )
    shoot(ops, "talker-fault")
    ops.fill("#id_source", "💬 Day pass:\n- INFO: Welcome")
    ops.click("input[name=_save]")
    expect(ops.locator(".messagelist")).to_contain_text("was added successfully")
    assert Talker.objects.get(key="day").script == "Day pass"


def test_operator_reads_why_a_run_was_set_aside_and_cancels_it(
    ops: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = ops.url.split("/ops/")[0]
    monkeypatch.setattr(registry, "commands", dict(registry.commands))
    poison.learn()
    run = begin("- LOG: about to fail\n- POISON\n- RETURN: never")
    for _ in range(wakes.ATTEMPTS + 1):
        pump()
        clock.move(61)
    ops.goto(f"{base}/ops/scripts/run/{run.pk}/change/")
    expect(ops.locator(".field-why")).to_contain_text("Set aside at")
    expect(ops.locator(".field-why")).to_contain_text("a script that nothing can help")
    expect(ops.locator("#quarantines-group")).to_contain_text("poison.py")
    shoot(ops, "quarantined-run")
    ops.goto(f"{base}/ops/scripts/run/?state__exact=QUARANTINED")
    ops.check("#result_list tbody input.action-select")
    ops.select_option("select[name=action]", label="Cancel for good")
    ops.click("button[name=index]")
    expect(ops.locator("#content")).to_contain_text("Cancel for good: 1 run.")
    shoot(ops, "confirm")
    ops.fill("#id_reason", "It can never end.")
    ops.click("input[value='Cancel for good: 1 run']")
    expect(ops.locator(".messagelist")).to_contain_text("1 run is cancelled.")
    run.refresh_from_db()
    assert run.state == "CANCELLED"
