"""What happens at the named points of a process that is under a fault plan."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn


def die() -> NoReturn:
    """End this process at once: SIGKILL, no goodbye, whatever it holds."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("SIGKILL did not end the process")


@dataclass
class KillAt:
    """Kill the process at the `passage`-th time that `point` is passed; counts all passages."""

    point: str = ""
    passage: int = 0
    passed: Counter[str] = field(default_factory=Counter)

    def __call__(self, name: str) -> None:
        self.passed[name] += 1
        if name == self.point and self.passed[name] == self.passage:
            die()
