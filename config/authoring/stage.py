"""`python -m config.authoring.stage FOLDER COMMAND ...`: a rehearsal on a database of its own.

The deployment's database is never opened: the environment names another one before Django reads
its settings.
"""

from __future__ import annotations

import os
import runpy
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import django
from django.core.management import call_command

from config.demo.server import NO_LIMITS

HOME = Path(__file__).resolve().parent.parent.parent
QUIET = {
    "LOG_LEVEL": "CRITICAL",
    "HTTPS_ONLY": "0",
    "DEBUG": "0",
    "TRACE_VALUES": "1",
    **NO_LIMITS,
}


def launch(words: Sequence[str]) -> int:
    """Run a subcommand of `manage.py script` in a process and on stores of its own; return its exit
    code."""
    with tempfile.TemporaryDirectory(prefix="countersign-script-") as folder:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "CELERY_BROKER_URL", "PEER_ROUTES", "TALKERS_FOLDER")
        }
        (Path(folder) / "static").mkdir()
        environment = {
            **kept,
            **QUIET,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "COUNTERSIGN_DATA": folder,
            "SECRET_KEY": secrets.token_hex(32),
            "FIELD_KEYS": f"k1:{secrets.token_hex(32)}",
            "PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "config.authoring.stage", folder, *words]
        try:
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        except KeyboardInterrupt:
            return 130


def main(words: Sequence[str]) -> None:
    """Make the stores in the folder that is named first, then run the subcommand."""
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    sys.argv = ["script", *words]
    runpy.run_module("config.authoring.play", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
