"""docs/wallet.md shows every state of the page, and the pictures are small."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.gallery.screens import FOLDER, names

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "wallet.md"
MOST_BYTES = 2_000_000


def test_every_picture_is_in_the_guide_once_and_every_picture_is_there() -> None:
    shown = re.findall(r"screens/([\w-]+)\.png", GUIDE.read_text("utf-8"))
    kept = {path.stem for path in FOLDER.glob("*.png")}
    assert sorted(shown) == sorted(names()) == sorted(kept)


def test_pictures_are_small() -> None:
    assert 0 < sum(path.stat().st_size for path in FOLDER.glob("*.png")) < MOST_BYTES
