"""Files of the data folder are their owner's alone: 0600 in folders of 0700, looser ones mended."""

from __future__ import annotations

import os
from pathlib import Path

OTHERS = 0o077


def private_folder(folder: Path, *, leave: Path) -> list[Path]:
    """Make the folder and close it and all below to others, but for what is below `leave`.

    Returns what could not be closed: it is another user's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    failed = []
    for where, folders, files in os.walk(folder):
        here = Path(where)
        folders[:] = [name for name in folders if here / name != leave]
        for path in (here, *(here / name for name in files)):
            try:
                mode = path.lstat().st_mode
                if mode & OTHERS and not path.is_symlink():
                    path.chmod(mode & 0o7777 & ~OTHERS)
            except FileNotFoundError:
                continue  # it went meanwhile
            except OSError:
                failed.append(path)
    return failed
