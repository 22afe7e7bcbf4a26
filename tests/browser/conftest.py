"""Headless Chromium, the system's own, against a server of this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def complaint(line: ConsoleMessage) -> list[str]:
    """Return an error's text; that there is no favicon is none."""
    is_icon = str(line.location.get("url", "")).endswith("/favicon.ico")
    return [line.text] if line.type == "error" and not is_icon else []


@pytest.fixture
def page() -> Iterator[Page]:
    """A fresh page; anything it says on its console as an error fails the test."""
    assert CHROMIUM, "the browser tests need Debian's chromium, or CHROMIUM set to one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        errors: list[str] = []
        opened.on("console", lambda line: errors.extend(complaint(line)))
        yield opened
        browser.close()
        assert errors == []
