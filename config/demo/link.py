"""The link by which a person comes to the demonstration with a browser, and its QR code."""

from __future__ import annotations

from io import StringIO

import segno

LOCATOR = ".HOST,theatre.test,ticket"


def invitation(base: str) -> str:
    """Return the lines that invite a person: a wallet link of the server at `base`, such as
    "http://127.0.0.1:8000", and the same as a QR code made of half blocks."""
    link = f"{base}/go/{LOCATOR}"
    drawn = StringIO()
    segno.make(link, micro=False).terminal(drawn, border=2, compact=True)
    return (
        f"Your turn. Open this in a browser and get yourself a ticket:\n\n    {link}\n\n"
        f"{drawn.getvalue()}\n"
        "(A wallet needs https, or this machine's own browser: see docs/wallet.md.)"
    )
