"""One line that says how far a layer is: redrawn on a terminal, else repeated now and then."""

from __future__ import annotations

import sys
import time

BAR = 30
EACH_SECONDS = 15.0


class Progress:
    """Draws `name [#####     ] 12/60 words`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.drawn = 0.0
        self.terminal = sys.stderr.isatty()

    def __call__(self, done: int, of: int, words: str = "") -> None:
        """Show that `done` of `of` are done."""
        pause = 0.1 if self.terminal else EACH_SECONDS
        if time.monotonic() - self.drawn < pause:
            return
        self.drawn = time.monotonic()
        filled = BAR * min(done, of) // max(of, 1)
        bar = "#" * filled + " " * (BAR - filled)
        line = f"{self.name} [{bar}] {done}/{of} {words}"
        sys.stderr.write(f"\r\x1b[K{line[:110]}" if self.terminal else line + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
