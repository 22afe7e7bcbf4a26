"""Functions of files. They are refused by name: decoding strangers' images and PDF files does not
belong into the process that holds the signing keys, and no command of this release receives any."""

from __future__ import annotations

from typing import Any

from scripts.functions.function import Context, Function
from scripts.language.errors import ScriptError

IMAGES = "images are not decoded here; send them in the size they are shown in"
PAGES = "PDF files are not decoded here; send the pages that are meant"


def refused(context: Context, subject: Any, *arguments: Any) -> Any:
    """Refuse what a parked run of another release may still call. Raises ScriptError."""
    raise ScriptError("functions of files are not supported in this release", kind="refused")


FUNCTIONS = {
    "MaxHeight": Function(
        refused,
        1,
        1,
        unsupported=IMAGES,
        signature="image.MaxHeight(px)",
        about="An image of at most this height. Not supported in this release.",
    ),
    "MaxWidth": Function(
        refused,
        1,
        1,
        unsupported=IMAGES,
        signature="image.MaxWidth(px)",
        about="An image of at most this width. Not supported in this release.",
    ),
    "Page": Function(
        refused,
        1,
        1,
        unsupported=PAGES,
        signature="pdf.Page(n)",
        about="One page of a PDF file. Not supported in this release.",
    ),
}
