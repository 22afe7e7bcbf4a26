"""`manage.py` under a shared clock: `python -m tests.apart.served CLOCK-FILE up --port 8000`."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from tests.apart.shared_clock import SharedClock


def main() -> None:
    SharedClock(Path(sys.argv[1])).follow()
    execute_from_command_line(["manage.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
