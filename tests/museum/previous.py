"""`python -m tests.museum.previous [COMMIT]`: what an earlier commit parks, this code resumes.

The commit (by default UPGRADE_FROM, or the one before HEAD) parks its pieces in a database of its
own with its own generator; a commit that has none is replaced by the oldest one that has. This code
then migrates that database and resumes them all.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.museum.older import ROOT, NoHistory, checkout, earlier, run, with_generator


def main(commit: str = "") -> int:
    try:
        wanted = earlier(commit)
        parking = with_generator(wanted)
    except NoHistory as why:
        sys.stdout.write(f"skipped, there is no earlier commit to upgrade from: {why}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="museum-") as scratch:
        folder = Path(scratch)
        file, data = str(folder / "pieces.json"), str(folder / "data")
        run(checkout(parking, folder / "code"), "park", file, data)
        resumed = run(ROOT, "resume", file, data).splitlines()
    sys.stdout.write(f"{len(resumed)} pieces parked by {parking[:12]} resumed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
