"""The page's manifest and service worker, and what they name."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client

from wallets import shell


def test_worker_lists_every_file_of_the_page_and_nothing_of_the_api(client: Client) -> None:
    response = client.get("/wallet/worker.js")
    assert response["Service-Worker-Allowed"] == "/"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    first, _ = response.content.decode().split(";\n", 1)
    listed = json.loads(first.removeprefix("const FILES = "))
    on_disk = [path for path in shell.FILES.rglob("*") if path.suffix in shell.KINDS]
    assert len(listed) == len(on_disk) > 40
    assert all(address.startswith("/static/wallet/") for address in listed)


def test_manifest_names_icons_that_are_there(client: Client) -> None:
    manifest = json.loads(client.get("/wallet/manifest.webmanifest").content)
    assert manifest["start_url"] == "/wallet/" and manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))


def test_page_loads_each_module_once_and_has_nothing_inline(client: Client) -> None:
    text = client.get("/wallet/").content.decode()
    for module in shell.first_modules():
        assert text.count(f'href="{module}"') == 1
    late = {"wallet/core/wallet.js", "wallet/ui/screens.js", "wallet/ui/chat.js"}
    assert "/static/wallet/ui/onboarding.js" in shell.first_modules()
    assert not any(f"/static/{name}" in text for name in late)
    assert "<script>" not in text and "style=" not in text and "onload" not in text


def test_texts_of_all_languages_have_the_same_keys_and_gaps() -> None:
    first, *others = [_texts(path) for path in sorted(shell.FILES.glob("ui/texts-*.js"))]
    assert others and len(first) > 150
    for texts in others:
        assert list(texts) == list(first)
        assert {key: _gaps(text) for key, text in texts.items()} == {
            key: _gaps(text) for key, text in first.items()
        }
        # What is the same in both is a name or a mark, not a text that nobody translated.
        same = {key for key, text in texts.items() if text == first[key] and len(text) > 20}
        assert same == {"open.example"}


def test_every_text_that_is_said_is_there() -> None:
    known = set(_texts(shell.FILES / "ui" / "texts-en.js"))
    said = {
        key
        for path in shell.FILES.glob("ui/*.js")
        for key in re.findall(r'\bt\("([a-zA-Z.-]+)"', path.read_text("utf-8"))
    }
    assert len(said) > 100 and said <= known


def _texts(path: Path) -> dict[str, str]:
    """Return each key of a language's file with what stands behind it, plural forms and all."""
    rows = [line.strip() for line in path.read_text("utf-8").splitlines()]
    pairs = [row.split('": ', 1) for row in rows if row.startswith('"')]
    return {key.removeprefix('"'): text.rstrip(",") for key, text in pairs}


def _gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
