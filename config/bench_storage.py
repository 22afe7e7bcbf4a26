"""What is left behind: bytes of a complete flow, table by table and day by day, and what a public
question costs and leaves.

    python -m config.bench_storage [--flows 5] [--questions 300]

Played in one process on a SQLite database of its own, in a time that is moved.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile

from config.authoring.stage import HOME, QUIET


def main(words: list[str]) -> int:
    """Make the stores, and measure in a process that knows no others."""
    with tempfile.TemporaryDirectory(prefix="countersign-storage-") as folder:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "CELERY_BROKER_URL", "PEER_ROUTES", "TALKERS_FOLDER")
        }
        environment = {
            **kept,
            **QUIET,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "COUNTERSIGN_DATA": folder,
            "SECRET_KEY": secrets.token_hex(32),
            "FIELD_KEYS": f"k1:{secrets.token_hex(32)}",
            "PYTHONPATH": str(HOME),
        }
        command = [sys.executable, "-m", "config.bench_storage_play", folder, *words]
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
