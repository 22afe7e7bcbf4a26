"""What layers write for machines, and the sentence that they say to people."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parents[2]


def write(path: Path | None, layer: str, report: Any, **more: Any) -> None:
    """Write a layer's report as JSON, with where and on what it was made."""
    if path is None:
        return
    value = {
        "layer": layer,
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **plain(report),
        **more,
    }
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """Return a report as JSON can hold it (a Counter is a dictionary here)."""
    if is_dataclass(value):
        return {name: plain(part) for name, part in vars(value).items()}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def commit() -> str:
    """Return the commit that was tested, `+` for changes on top; empty outside of a repository."""
    try:
        named = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"],  # noqa: S607 - the reader's own git
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return named.stdout.strip()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of them lie; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
