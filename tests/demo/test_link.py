"""What the demonstration prints for a person with a browser."""

from __future__ import annotations

import zxingcpp
from PIL import Image

from config.demo.data import PLACES
from config.demo.link import LOCATOR, invitation

BASE = "http://127.0.0.1:8000"
LIGHT = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}


def picture(rows: list[str], scale: int = 8) -> Image.Image:
    """Return what a terminal of light letters on dark shows."""
    drawn = Image.new("L", (len(rows[0]), 2 * len(rows)))
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            for half, light in enumerate(LIGHT[letter]):
                drawn.putpixel((x, 2 * y + half), 255 * light)
    return drawn.resize((drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST)


def test_invitation_has_the_link_and_a_code_that_scans_as_the_link() -> None:
    said = invitation(BASE)
    assert f"    {BASE}/go/{LOCATOR}\n" in said
    rows = [line for line in said.splitlines() if line and set(line) <= set(LIGHT)]
    [code] = zxingcpp.read_barcodes(picture(rows))
    assert code.text == f"{BASE}/go/{LOCATOR}"


def test_invitation_leads_to_a_place_of_the_demonstration() -> None:
    assert LOCATOR in [f".HOST,{domain},{key}" for domain, key, _, _ in PLACES]
