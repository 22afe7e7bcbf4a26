"""`manage.py backup FOLDER`: a dump of the database; no password stands on a command line."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from argparse import ArgumentParser
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from messaging import clock
from messaging.each import each
from operators.commands import LOOKS, OperatorsCommand


class Command(OperatorsCommand):
    help = "Dump the database into a folder, and delete the dumps there that are too old."
    does = {"": LOOKS}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep-days", type=float, default=14)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = folder / f"{clock.now():%Y%m%dT%H%M%SZ}.dump"
        draft = target.with_suffix(".draft")
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            (_of_sqlite if connection.vendor == "sqlite" else _of_postgresql)(draft)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        draft.replace(target)
        oldest = (clock.now() - timedelta(days=options["keep_days"])).timestamp()
        dumps = [path for path in folder.glob("*.dump") if path != target]
        old = [path for path in dumps if path.stat().st_mtime < oldest]
        each("old dump", old, Path.unlink)
        self.stdout.write(str(target))


def _of_postgresql(draft: Path) -> None:
    """Run pg_dump, which gets the password by its environment. Raises CommandError."""
    words, secrets = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    command = ["pg_dump", "--format=custom", f"--file={draft}", *words[1:]]
    environment = {**os.environ, **(secrets or {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise CommandError(f"pg_dump failed: {done.stderr.strip()}")


def _of_sqlite(draft: Path) -> None:
    name = f"file:{connection.settings_dict['NAME']}?mode=ro"
    with (
        closing(sqlite3.connect(name, uri=True)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
