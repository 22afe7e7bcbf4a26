"""Datasets as files beside a domain's talkers: `{domain}/datasets/{name}.yaml`.

The definition comes first; below a line `---` stand the scripts that its Handlers start.
"""

from __future__ import annotations

import re
from pathlib import Path

from scripts.items import defining
from scripts.models import ItemSet

FOLDER = "datasets"
_DIVISION = re.compile(r"^---[ \t]*$", re.MULTILINE)


def is_dataset(path: Path) -> bool:
    """Say whether a file of this path holds a dataset."""
    return path.parent.name == FOLDER


def divided(text: str) -> tuple[str, str]:
    """Return the definition, and its scripts at the lines where the file has them."""
    division = _DIVISION.search(text)
    if division is None:
        return text, ""
    above = text[: division.start()]
    return above, "\n" * (above.count("\n")) + text[division.end() :]


def check_text(text: str, *, file: str) -> None:
    """Check a dataset's file. Raises LoadErrors with every fault, at its line."""
    source, scripts = divided(text)
    defining.check(source, scripts, files=(file, file))


def keep_text(text: str, *, domain: str, file: str) -> ItemSet:
    """Keep the dataset of a file, new or changed. Raises LoadErrors."""
    source, scripts = divided(text)
    return defining.save_set(domain=domain, source=source, scripts=scripts, files=(file, file))
