"""The code of an earlier commit, in a folder beside this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from config.demo.server import NO_LIMITS

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = "tests/museum/park.py"


class NoHistory(Exception):
    """There is no earlier commit here: no git, or a clone without its past."""


def git(*arguments: str) -> bytes:
    """Return what git says in this repository. Raises NoHistory with its complaint."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        raise NoHistory("git is not installed") from None
    if done.returncode:
        raise NoHistory(done.stderr.decode().strip())
    return done.stdout


def earlier(commit: str = "") -> str:
    """Return the hash of `commit`: by default of UPGRADE_FROM, or the one before HEAD.

    Raises NoHistory.
    """
    name = commit or os.environ.get("UPGRADE_FROM", "") or "HEAD~1"
    return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()


def with_generator(commit: str) -> str:
    """Return `commit` when it can park pieces, else the oldest commit that can.

    Raises NoHistory when none can.
    """
    if git("ls-tree", "--name-only", commit, GENERATOR):
        return commit
    added = git("log", "--diff-filter=A", "--format=%H", "--", GENERATOR).decode().split()
    if not added:
        raise NoHistory(f"no commit has {GENERATOR}")
    return added[-1]


def checkout(commit: str, folder: Path) -> Path:
    """Put the files of a commit into `folder` and return it; the repository is left alone."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as files:
        files.extractall(folder, filter="data")
    return folder


def run(code: Path, module: str, *arguments: str) -> str:
    """Run a module of the museum with the code in a folder, and return what it printed.

    Raises AssertionError with its own words when it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"tests.museum.{module}", *arguments],
        cwd=code,
        env={**os.environ, **NO_LIMITS},  # one wallet opens all its chats within seconds
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{module} in {code}:\n{done.stdout}{done.stderr}"
    return done.stdout
