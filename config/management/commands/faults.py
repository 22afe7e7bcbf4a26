"""`manage.py faults`: the storm of the fault plan on this machine, on stores made for it."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from config.faults.scratch import has_servers
from operators.commands import LOOKS, OperatorsCommand

VERDICTS = {1: "something was lost, doubled or stuck", 3: "VOID: something was hit too seldom"}


class Command(OperatorsCommand):
    does = {"": LOOKS}
    help = (
        "Play complete flows while processes and stores are killed, and judge what is left. "
        "Uses a PostgreSQL cluster and a Redis of its own where they are installed, else SQLite; "
        "never the database of this deployment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--flows", type=int, default=300)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--embedded", action="store_true", help="SQLite and one process")
        parser.add_argument("--json", type=Path, help="write the report there")

    def handle(self, *args: Any, **options: Any) -> None:
        embedded = options["embedded"] or not has_servers()
        if embedded and not options["embedded"]:
            self.stderr.write("PostgreSQL or Redis is not installed here: SQLite, one process")
        command = [sys.executable, "-W", "ignore", "-m", "config.faults.launch", "storm"]
        command += ["--shape", "embedded" if embedded else "server"]
        command += ["--every", "2"] if embedded else []
        command += ["--flows", str(options["flows"]), "--seed", str(options["seed"])]
        if options["json"]:
            command += ["--json", str(options["json"].resolve())]
        self.stdout.flush()
        status = subprocess.run(command, cwd=settings.BASE_DIR, check=False).returncode  # noqa: S603
        if status:
            raise CommandError(VERDICTS.get(status, "the storm broke off"), returncode=status)
