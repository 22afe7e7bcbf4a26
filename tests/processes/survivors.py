"""What is left of a server: each process that has its data folder in the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def of_server(folder: Path) -> dict[int, str]:
    """Return {pid: command} of the server with this data folder, without zombies."""
    mark = f"COUNTERSIGN_DATA={folder}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended meanwhile, or is none of ours
        if mark in environment and state != "Z":
            found[int(entry.name)] = command
    return found


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; return whether it came to."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if holds():
            return True
        time.sleep(0.05)
    return holds()
