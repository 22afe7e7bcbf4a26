"""Processes that end with the one that started them, however it ends: no handler sees SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

VARIABLE = "COUNTERSIGN_PARENT"  # tells a child of `manage.py up` whom it follows
PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.5


def follow_starter() -> None:
    """Follow the process that the environment names; does nothing when it names none."""
    parent = os.environ.pop(VARIABLE, "")  # not for what this one starts in its turn
    if parent:
        follow(int(parent))


def follow(parent: int) -> None:
    """Let this process be killed when `parent`, which started it, is gone.

    Being killed is safe at any moment: rows are the truth. On Linux the kernel does it, even to a
    process that is stopped; what it watches is the thread that started this one.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _end_without(parent)  # it may have gone before the kernel knew
    else:
        threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while True:
        _end_without(parent)
        time.sleep(LOOK_SECONDS)


def _end_without(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
