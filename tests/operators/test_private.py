"""The data folder is its owner's alone, and a backup shows no password to who lists processes."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as ours
from django.core.management import call_command
from django.db import connection

from config.management.commands import backup
from config.private import private_folder

HOME = Path(ours.BASE_DIR)


def modes(folder: Path) -> dict[str, int]:
    found = [folder, *folder.rglob("*")]
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in found
    }


def test_everything_a_server_makes_is_its_owners_alone(tmp_path: Path) -> None:
    """Begun with a loose umask, on a folder that an earlier release left open."""
    data = tmp_path / "data"
    (data / "wallets/alice").mkdir(parents=True)
    for name in ("db.sqlite3", "secret_key", "wallets/alice/wallet.json"):
        (data / name).touch(mode=0o666)
    (data / "secret_key").write_text("x" * 64)
    left = ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_KEYS")
    environment = {name: value for name, value in os.environ.items() if name not in left}
    program = f"""
import os
os.umask(0)
import runpy, sys
sys.argv = ["manage.py", "migrate", "--no-input"]
from django.db.backends.signals import connection_created
import stat
def look(**_):
    names = [n for n in os.listdir({str(data)!r}) if n.startswith("db.")]
    for name in names:
        print("made", name, oct(os.stat(os.path.join({str(data)!r}, name)).st_mode & 0o777))
connection_created.connect(look)
runpy.run_path({str(HOME / "manage.py")!r}, run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "COUNTERSIGN_DATA": str(data)},
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "made db.sqlite3 0o600" in done.stdout
    assert "0o644" not in done.stdout
    found = modes(data)
    assert {"db.sqlite3", "secret_key", "field_key", "wallets/alice/wallet.json"} <= found.keys()
    folders = {".", "wallets", "wallets/alice"}
    assert {name: mode for name, mode in found.items() if name in folders} == dict.fromkeys(
        folders, 0o700
    )
    assert {mode for name, mode in found.items() if name not in folders} == {0o600}


def test_what_is_linked_or_left_out_stays(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    (data / "static").mkdir(parents=True)
    for path in (other, data / "static/a.js", data / "open"):
        path.touch()
        path.chmod(0o644)
    (data / "link").symlink_to(other)
    assert private_folder(data, leave=data / "static") == []
    found = modes(data)
    assert (found["static/a.js"], found["open"]) == (0o644, 0o600)
    assert stat.S_IMODE(other.stat().st_mode) == 0o644


@pytest.mark.django_db(transaction=True)
def test_backup_is_whole_private_and_replaces_old_ones(tmp_path: Path, settings: Any) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    old = folder / "20200101T000000Z.dump"
    old.touch()
    os.utime(old, (0, 0))
    call_command("backup", str(folder))
    [made] = folder.iterdir()
    assert made.suffix == ".dump"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    if connection.vendor == "sqlite":
        with sqlite3.connect(made) as copy:
            assert copy.execute("SELECT count(*) FROM messaging_hosteddomain").fetchone() == (0,)
    else:
        listed = subprocess.run(
            ["pg_restore", "--list", str(made)], capture_output=True, text=True, check=True
        )
        assert "messaging_hosteddomain" in listed.stdout


def test_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump's place is taken by a program that writes down how it was called."""
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@" > "$0.words"\necho "$PGPASSWORD" > "$0.password"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    named = {
        "NAME": "n",
        "USER": "u",
        "PASSWORD": "s3cret",
        "HOST": "127.0.0.1",
        "PORT": "5432",
        "OPTIONS": {},
    }
    monkeypatch.setattr(backup, "connection", type("C", (), {"settings_dict": named}))
    backup._of_postgresql(tmp_path / "x")
    assert "s3cret" not in (tmp_path / "pg_dump.words").read_text()
    assert (tmp_path / "pg_dump.password").read_text() == "s3cret\n"


def test_no_unit_or_guide_puts_the_databases_address_on_a_command_line() -> None:
    units = [*(HOME / "deploy").rglob("*.service"), HOME / "docs/deploy.md"]
    for path in units:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "$DATABASE_URL" not in line, f"{path.name}: {line}"
            assert "redis-cli -a" not in line, f"{path.name}: {line}"
