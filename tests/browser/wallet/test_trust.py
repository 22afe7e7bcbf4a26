"""What is refused and said, what comes back from a backup, and what never leaves the browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.demo.server import Server
from tests.browser.wallet.conftest import PATIENCE, Owner, People

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)

SPOILED = {
    "another seat": "document = {**t.document, 'Context': {**t.document['Context'], 'Seat': 'A1'}}",
    "another signature": "document = {**t.document, 'Signature': 'A' * 86 + '=='}",
    "another token": "document = {**t.document, 'Token': '00000000-0000-7000-8000-000000000000'}",
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_document_that_is_not_what_was_offered_is_refused_and_said(
    people: People, server: Server, spoiled: str
) -> None:
    alice = people()
    alice.onboard()
    page = alice.ticket()
    page.wait_for_selector(".offered .proof")
    server.manage(
        "shell",
        "-c",
        "from issuer.models import Token; t = Token.objects.order_by('-created_at')[0]; "
        f"{SPOILED[spoiled]}; Token.objects.filter(pk=t.pk).update(document=document)",
    )
    page.click("text=Keep it")
    expect(page.locator(".note.token-refused")).to_contain_text("Refused, and not kept")
    expect(page.locator(".toast.danger")).to_contain_text("Refused, and not kept")
    assert alice.shown_tokens() == []
    newest = server.history()[-1]["Token"]
    values = {each["Value"] for each in server.history(newest)}
    assert "ACCEPTED" not in values and "SAVED" not in values


def _backup(owner: Owner, folder: Path) -> Path:
    owner.page.goto(f"{owner.url}/wallet/#/settings")
    with owner.page.expect_download() as download:
        owner.page.click("main >> text=Save backup file")
    file = folder / "backup.json"
    download.value.save_as(file)
    return file


def test_backup_wipe_restore_brings_back_tokens_and_chats(people: People, downloads: Path) -> None:
    alice = people()
    alice.onboard()
    page = alice.ticket()
    page.click("text=Keep it")
    page.wait_for_selector(".said.done")
    file = _backup(alice, downloads)
    assert "Alice, one seat" not in file.read_text()
    page.click("text=Delete everything")
    page.click("dialog >> text=Delete everything")
    page.wait_for_selector("#wallet-name")
    page.click("text=I have a backup")
    page.set_input_files("#backup-file", file)
    page.fill("#backup-phrase", "wrong-wrong-wrong")
    page.click(".restore button")
    expect(page.locator(".restore .error")).to_contain_text("not the right passphrase")
    page.fill("#backup-phrase", alice.code)
    page.click(".restore button")
    page.click(".row-link:has-text('theatre')")
    expect(page.locator(".log")).to_contain_text("See you tonight, Alice.")
    assert len(alice.shown_tokens()) == 1
    # The keys are back too: the chat and the wallet go on speaking.
    page = alice.ticket("Alice again")
    page.click("text=Keep it")
    page.wait_for_selector(".note.token-saved")


def test_backup_opens_in_another_browser_with_a_chosen_passphrase(
    people: People, downloads: Path
) -> None:
    alice, elsewhere = people(), people()
    page = alice.visit()
    page.click("text=Choose my own backup passphrase")
    page.fill("#own-passphrase", "a ferry to the island")
    page.click("text=Make my wallet")
    page.wait_for_selector(".nav-links")
    file = _backup(alice, downloads)
    page = elsewhere.visit()
    page.click("text=I have a backup")
    page.set_input_files("#backup-file", file)
    page.fill("#backup-phrase", "a ferry to the island")
    page.click(".restore button")
    page.wait_for_selector(".nav-links")


def test_backup_file_that_is_none_is_refused(people: People, downloads: Path) -> None:
    alice = people()
    file = downloads / "shopping.txt"
    file.write_text("milk, bread")
    page = alice.visit()
    page.click("text=I have a backup")
    page.set_input_files("#backup-file", file)
    page.fill("#backup-phrase", "whatever it was")
    page.click(".restore button")
    expect(page.locator(".restore .error")).to_contain_text("not a backup file")


def test_nothing_secret_is_in_local_storage_or_the_address(people: People) -> None:
    alice = people()
    page = alice.onboard()
    page.wait_for_selector(".nav-links")
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert alice.code not in kept and "-----" not in kept and len(kept) < 100
    assert page.evaluate("document.cookie") == ""
    assert alice.code not in page.url and alice.code not in page.content()
